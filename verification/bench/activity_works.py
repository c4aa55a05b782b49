# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Works that blocks do in gates: on what was trained and on pictures, or at random."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.lib import wiring
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from golden.bernoulli import encode_counts
from golden.bits import unpack
from golden.conv import Conv
from golden.dense import Dense
from golden.params import DenseParams, MvuParams, SamplerParams
from rtl.mvu import Mvu
from sim.cost.counts import mvu, sampler
from sim.cost.counts.layer import Layer, Tile
from sim.cost.counts.tally import Memory, Tally
from sim.data.bank_file import read_bank
from sim.data.embed import read_network
from sim.data.samples import read_samples
from sim.data.shipped import shipped_file
from verification.rtl.engine import Step
from verification.rtl.test_mvu import TAG, Folded
from verification.rtl.test_sampler import Plan

__all__ = ["SHIPPED", "Work", "drawn_work", "mvu_work", "pictures_work", "sampler_work"]

#: The network whose weights, embeddings and pictures are used.
SHIPPED = "cifar100"
# The layer of it that the matrix-vector unit computes: 3 x 3 pixels of 64 channels to 128.
_LAYER = 3


@dataclass(frozen=True, kw_only=True)
class Work:
    """A work that a block does.

    Attributes
    ----------
    name : str
    block : str
        Name of the block in the catalogue.
    arguments : dict
        Arguments of its constructor.
    component : wiring.Component
        The block itself. Its streams carry the steps.
    before, steps : list of Step
        Steps of the preparation, and steps of the work.
    tally : Tally
        Predicted actions of the work.
    memories : tuple of Memory
        Memories of the block, by the names that the tally has for them.
    """

    name: str
    block: str
    arguments: dict[str, Any]
    component: wiring.Component
    before: list[Step]
    steps: list[Step]
    tally: Tally
    memories: tuple[Memory, ...] = ()


def drawn_work(params: SamplerParams, exemplars: int, classes: int) -> Work:
    """Return a draw of exemplars from the trained classes of the shipped network.

    Parameters
    ----------
    params : SamplerParams
        Sampler of its embeddings.
    exemplars : int
        Number of requests for random classes.
    classes : int
        Classes whose prototypes, one each, are appended before.
    """
    p, bank = params.prototypes, read_bank(shipped_file(SHIPPED, "bank.bin"))
    codes = []
    for label in range(classes):
        rows = unpack(bank.train[bank.train_labels == label], p.features)
        codes.append(encode_counts(rows.sum(0), len(rows), p.code_width))
    return _draw(params, exemplars, np.array(codes), f"classes of {SHIPPED}")


def sampler_work(params: SamplerParams, exemplars: int, prototypes: int) -> Work:
    """Return a draw of exemplars from random prototypes, one prototype per class.

    Parameters
    ----------
    params : SamplerParams
    exemplars : int
        Number of requests for random classes.
    prototypes : int
        Number of classes, which are appended before.
    """
    p = params.prototypes
    codes = np.random.default_rng(0).integers(0, 2**p.code_width, (prototypes, p.features))
    return _draw(params, exemplars, codes, "random prototypes")


def _draw(params: SamplerParams, exemplars: int, codes: NDArray[Any], of: str) -> Work:
    """Return a draw from prototypes with some codes, of shape (classes, D)."""
    plan, rng, p = Plan(params), np.random.default_rng(1), params.prototypes
    for row in codes:
        assert plan.golden.prototypes.append(row[None], [])
        plan.steps.append(Step(inputs=plan.class_inputs(row[None], []), reads=plan.reads()))
    plan.draw(rng.integers(0, len(codes), exemplars).tolist())
    return Work(
        name=f"sampler L = {p.lanes}, q = {p.code_width} {params.mode} draws {exemplars} "
        f"exemplars of {len(codes)} {of}, D = {p.features}",
        block="sampler",
        arguments={"params": params},
        component=plan.dut,
        before=plan.steps[:-1],
        steps=plan.steps[-1:],
        tally=sampler.draw(params, exemplars),
        memories=sampler.memories(params),
    )


def pictures_work(params: MvuParams, pictures: int, pixels: int) -> Work:
    """Return the run of a layer of the shipped network on pictures that ship with it.

    Parameters
    ----------
    params : MvuParams
    pictures : int
        Number of pictures, of which each class has two.
    pixels : int
        Neighbours in a row in the middle of the layer's map, one after another.
    """
    network, _ = read_network(shipped_file(SHIPPED, "network.bin"))
    samples = read_samples(shipped_file(SHIPPED, "samples.bin"))
    images = samples.images[:pictures] >> np.uint8(8 - network.params.bits)
    conv = network.layers[_LAYER]
    assert isinstance(conv, Conv), "the layer is a convolution"
    *_, (_, seen) = zip(range(_LAYER), network.maps(images), strict=False)
    k, middle = conv.params.kernel, seen.shape[-2] // 2
    windows = sliding_window_view(seen, (k, k), axis=(1, 2))[:, middle, :pixels]
    vectors = np.moveaxis(windows, 2, -1).reshape(len(images) * pixels, -1)
    sizes = DenseParams(inputs=conv.params.inputs, outputs=conv.params.outputs, thresholds=True)
    weights = conv.weights.reshape(sizes.weight_shape)
    dense = Dense(sizes, weights, conv.thresholds, conv.polarity)
    name = (
        f"MVU {params.pe} x {params.simd}, layer {_LAYER} of {SHIPPED}, {sizes.outputs} neurons "
        f"on {len(vectors)} pixels of {pictures} pictures, {sizes.inputs} inputs"
    )
    return _run(params, dense, vectors, name)


def mvu_work(params: MvuParams, inputs: int, outputs: int, vectors: int) -> Work:
    """Return the run of a dense layer with random weights on random vectors.

    Parameters
    ----------
    params : MvuParams
    inputs, outputs : int
        Sizes of the layer.
    vectors : int
        Number of input vectors.
    """
    rng, sizes = np.random.default_rng(0), DenseParams(inputs=inputs, outputs=outputs)
    dense = Dense(sizes, rng.integers(0, 2, sizes.weight_shape, np.uint8))
    name = (
        f"MVU {params.pe} x {params.simd}, a layer of {outputs} random neurons on {vectors} "
        f"vectors of {inputs} random inputs"
    )
    return _run(params, dense, rng.integers(0, 2, (vectors, inputs), np.uint8), name)


def _run(params: MvuParams, dense: Dense, vectors: NDArray[np.uint8], name: str) -> Work:
    """Return the run of a dense layer on vectors, of shape (vectors, inputs)."""
    fold = Folded(params, dense, np.random.default_rng(2))
    outputs, runs = dense.params.outputs, [fold.run(x) for x in vectors]
    tiles = tuple(
        Tile(fold.words, min(params.pe, outputs - first)) for first in range(0, outputs, params.pe)
    )
    layer = Layer(
        name="dense", operation="neurons", pixels=len(vectors), inside=len(vectors), tiles=tiles,
        words=0, inputs=dense.params.inputs,
    )  # fmt: skip
    return Work(
        name=name,
        block="mvu",
        arguments={"params": params, "tag": TAG},
        component=Mvu(params, TAG),
        before=[fold.load()],
        steps=[_joined(runs)],
        tally=mvu.tally(layer, params, TAG),
        memories=mvu.memories(params),
    )


def _joined(steps: Sequence[Step]) -> Step:
    """Return steps joined into one, without pauses between them."""
    return Step(
        inputs={"i": [x for step in steps for x in step.inputs["i"]]},
        outputs={"o": [x for step in steps for x in step.outputs["o"]]},
    )
