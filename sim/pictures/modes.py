# SPDX-License-Identifier: MIT
"""Modes of a class: hierarchical clusters of its samples and features, and a t-SNE map."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram, fcluster, leaves_list, linkage
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score

from sim.data.bank import Bank
from sim.pictures.picture import CLASS_COLOURS, Picture, Portrait, bits_of_class
from sim.report.figure import house_style, new_figure
from sim.study.fidelity import Exemplars

__all__ = ["clustering", "embed_in_plane", "tree"]

BRANCHES = 4  # number of coloured clusters
CUTS = (2, 4, 8)  # numbers of clusters in the table
SHOWN = 0  # label of the class in the picture

Bits = NDArray[np.uint8]


def tree(bits: Bits) -> NDArray[np.float64]:
    """Return the hierarchical clustering of rows by Ward's rule, in SciPy's linkage form.

    The squared distance of two rows of bits is the number of places where they differ.
    """
    return linkage(bits.astype(np.float64), method="ward")


def embed_in_plane(bits: Bits, seed: int) -> NDArray[np.float32]:
    """Return the place of each row of bits in the plane by t-SNE, shape (n_samples, 2).

    Parameters
    ----------
    bits : ndarray of shape (n_samples, D), uint8
    seed : int
        Seed of scikit-learn's t-SNE.
    """
    perplexity = min(30.0, (len(bits) - 1) / 3)
    plane = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    return plane.fit_transform(bits.astype(np.float32))


@house_style()
def clustering(bank: Bank, portraits: Sequence[Portrait], seed: int) -> Picture:
    """Draw one class: samples and features rearranged by clustering, and its t-SNE.

    Parameters
    ----------
    bank : Bank
    portraits : sequence of Portrait
        The smallest memory comes first. The picture shows the draws of the last one.
    seed : int
        Seed of t-SNE.
    """
    real = bits_of_class(Exemplars.real(bank), bank, SHOWN)
    samples, features = tree(real), tree(real.T)
    branches = _cut(samples, BRANCHES)
    figure = new_figure(11, 5)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 4, 4])
    _draw_tree(left, samples)
    rows = leaves_list(samples)[::-1]
    middle.imshow(
        real[np.ix_(rows, leaves_list(features))],
        cmap="gray_r",
        aspect="auto",
        interpolation="antialiased",
    )
    middle.set(xlabel=f"{bank.features} features, clustered", yticks=[], xticks=[])
    middle.set_title(f"{len(real)} samples of {bank.class_names[SHOWN]}, clustered", fontsize=9)
    drawn = bits_of_class(portraits[-1].drawn, bank, SHOWN)
    _draw_map(right, real, branches, drawn, portraits[-1].label, seed)
    return Picture(
        name="modes",
        title="Modes of a class (Figure 1c)",
        text=(
            f"Samples and features of {bank.class_names[SHOWN]} rearranged by hierarchical "
            "clustering (Ward's rule); right, the same samples by t-SNE, in the colours of the "
            f"{BRANCHES} uppermost branches, and exemplars that the memory drew. The silhouette "
            "says how much nearer a sample is to its own cluster than to the next (1 far apart, 0 "
            "not at all). One prototype draws independent features, which have no modes: what they "
            "score is what clustering finds in anything."
        ),
        figure=figure,
        columns=("samples", *(f"silhouette, {n} clusters" for n in CUTS)),
        rows=[
            _silhouettes("real", real),
            *(_silhouettes(p.label, bits_of_class(p.drawn, bank, SHOWN)) for p in portraits),
        ],
    )


def _cut(samples: NDArray[np.float64], clusters: int) -> NDArray[np.int64]:
    """Return the cluster of each sample, counted from 0."""
    return fcluster(samples, clusters, criterion="maxclust").astype(np.int64) - 1


def _silhouettes(name: str, bits: Bits) -> list[str]:
    samples = tree(bits)
    scores = (silhouette_score(bits.astype(bool), _cut(samples, n), metric="hamming") for n in CUTS)
    return [name, *(f"{score:.3f}" for score in scores)]


def _draw_tree(axes: Axes, samples: NDArray[np.float64]) -> None:
    """Draw the tree to the left of its rows, one colour for each of the uppermost branches."""
    branches = _cut(samples, BRANCHES)
    n_samples = len(branches)
    colour_of: dict[int, Any] = {i: CLASS_COLOURS[c][1] for i, c in enumerate(branches)}
    for i, (a, b) in enumerate(samples[:, :2].astype(int)):
        same = colour_of[a] == colour_of[b]
        colour_of[n_samples + i] = colour_of[a] if same else "black"
    dendrogram(
        samples,
        ax=axes,
        orientation="left",
        no_labels=True,
        link_color_func=colour_of.__getitem__,
    )
    axes.set_axis_off()


def _draw_map(
    axes: Axes, real: Bits, branches: NDArray[np.int64], drawn: Bits, label: str, seed: int
) -> None:
    plane = embed_in_plane(np.concatenate([real, drawn]), seed)
    colours = [CLASS_COLOURS[branch][1] for branch in branches]
    axes.scatter(*plane[: len(real)].T, c=colours, s=14, label="samples, by branch")
    axes.scatter(*plane[len(real) :].T, c="black", s=9, marker="x", lw=0.6, label=f"{label}, drawn")
    axes.set(xticks=[], yticks=[])
    axes.legend(fontsize=8)
    axes.set_title("the same samples and exemplars drawn, by t-SNE", fontsize=9)
