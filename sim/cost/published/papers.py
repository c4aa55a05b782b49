# SPDX-License-Identifier: MIT
"""Every memory figure that the papers print, beside the same by the ledger.

A paper rounds; how, is said of each row, the same way for all rows of one table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Literal

from sim.data.networks import load_network
from sim.measure.align import Demand, align, cifar_resnet_parameters
from sim.measure.ledger import as_exemplars, gbm_ledger, latent_replay_ledger

__all__ = ["PaperFigure", "paper_figures"]

_MEGABIT = 10**6
_MEBIBYTE = 8 * 2**20
_FLOAT = 32
_CIFAR_IMAGE = 8 * 32 * 32 * 3
_MNIST_IMAGE = 8 * 28 * 28


@dataclass(frozen=True, kw_only=True)
class PaperFigure:
    """A printed figure and ours.

    Attributes
    ----------
    paper, place, what : str
        Which paper, where in it, and what is counted.
    printed : Fraction
        As printed.
    unit : str
        Of `printed` and `exact`: "Mb" is 10^6 bits, "MiB" 2^20 bytes; "x" a ratio.
    exact : Fraction
        Ours.
    step : Fraction
        What the paper rounds to.
    rule : {"rounded", "truncated"}
    multiple : int
        How many times a smaller figure, which was rounded first, is printed.
    note : str
        How ours comes about.
    """

    paper: str
    place: str
    what: str
    printed: Fraction
    unit: Literal["Mb", "MiB", "exemplars", "x"]
    exact: Fraction
    step: Fraction
    rule: Literal["rounded", "truncated"] = "rounded"
    multiple: int = 1
    note: str

    @property
    def ours(self) -> Fraction:
        """Ours, rounded as the paper does."""
        steps = self.exact / self.multiple / self.step
        whole = floor(steps + Fraction(1, 2)) if self.rule == "rounded" else floor(steps)
        return whole * self.multiple * self.step

    @property
    def equal(self) -> bool:
        """Whether the printed figure is ours."""
        return self.ours == self.printed


def paper_figures() -> list[PaperFigure]:
    """Return every figure, paper by paper."""
    return [*_gbm(), *_slides(), *_memo(), *_binplay()]


def _gbm() -> Iterator[PaperFigure]:
    """Table 5, CORE50: embeddings of 12,544 bits, 10 classes; codes are floating point, q = 32."""
    features, classes = 12_544, 10
    stored = {
        exemplars: latent_replay_ledger(
            features=features, exemplars=exemplars, classes=classes
        ).bits_paper
        for exemplars in (75, 100, 150)
    }
    generated = {
        components: gbm_ledger(
            features=features, components=components, classes=classes, code_width=_FLOAT
        ).bits_paper
        for components in (1, 4, 8)
    }

    def row(what: str, printed: str, bits: int, note: str, multiple: int = 1) -> PaperFigure:
        return PaperFigure(
            paper="GBM", place="table 5", what=what, printed=Fraction(printed), unit="Mb",
            exact=Fraction(bits, _MEGABIT), step=Fraction("0.1"), multiple=multiple, note=note,
        )  # fmt: skip

    for (exemplars, bits), printed in zip(stored.items(), ("9.4", "12.5", "18.8"), strict=True):
        yield row(f"LR+CWR*, E = {exemplars}", printed, bits, "E D n_c")
    for (components, bits), printed in zip(generated.items(), ("4", "16", "32"), strict=True):
        note = "K D n_c q, q = 32; K times what K = 1 is printed as"
        yield row(f"GBM, K = {components}", printed, bits, note, components)
    yield PaperFigure(
        paper="GBM", place="section 5.1", what="gain of K = 1 over E = 150",
        printed=Fraction("4.7"), unit="x", exact=Fraction(stored[150], generated[1]),
        step=Fraction("0.1"), note="18.8 Mb to 4.0 Mb",
    )  # fmt: skip


def _slides() -> Iterator[PaperFigure]:
    """Slides of the fully binary network: 25 Mb of latents, or of images of 7 bits a colour."""

    def row(
        what: str, printed: int, unit: Literal["exemplars", "x", "Mb"], exact: Fraction,
        step: int, note: str,
    ) -> PaperFigure:  # fmt: skip
        return PaperFigure(
            paper="ISCAS'24 slides", place="replay buffers", what=what, printed=Fraction(printed),
            unit=unit, exact=exact, step=Fraction(step), note=note,
        )  # fmt: skip

    latent, image = 1024, 7 * 32 * 32 * 3
    for what, printed, bits in (("latents", 24_400, latent), ("images", 1_150, image)):
        held = Fraction(as_exemplars(25 * _MEGABIT, bits))
        note = f"25 Mb of {bits:,} bits each; printed in fifties"
        yield row(f"{what} in 25 Mb", printed, "exemplars", held, 50, note)
    note = "latents of 1,024 bits, images of 8 bits a colour (of 7 bits, as in the figure, 21)"
    yield row("latents for an image", 24, "x", Fraction(_CIFAR_IMAGE, latent), 1, note)
    network = load_network("fbnn-4M")
    assert network.head is not None
    head = network.head.features * network.head.hidden + network.head.concat * network.head.classes
    weights = network.weight_count + head
    note = "1 bit a weight, of the network rebuilt from its sketch; ternary ones counted once"
    yield row("network", 4, "Mb", Fraction(weights, _MEGABIT), 1, note)


def _memo() -> Iterator[PaperFigure]:
    """Of a ResNet32, MEMO keeps all but the last group once, and that for every task."""
    *shared, specialised = cifar_resnet_parameters(32)
    model, tasks = sum(shared) + specialised, 10

    def demand(parameters: int) -> Demand:
        return Demand(model_bits=_FLOAT * parameters, exemplar_bits=_CIFAR_IMAGE)

    budget = demand(tasks * model).total(2000)
    aligned = align(budget, {"MEMO": demand(sum(shared) + tasks * specialised)})

    def row(
        place: str, what: str, printed: str, unit: Literal["exemplars", "MiB"], exact: Fraction,
        step: str, note: str,
    ) -> PaperFigure:  # fmt: skip
        return PaperFigure(
            paper="MEMO", place=place, what=what, printed=Fraction(printed), unit=unit,
            exact=exact, step=Fraction(step), rule="truncated", note=note,
        )  # fmt: skip

    one = Fraction(_FLOAT * model, _CIFAR_IMAGE)
    note = f"{model:,} floats in CIFAR images"
    yield row("title", "a ResNet32", "603", "exemplars", one, "1", note)
    note = "2000 and what sharing saves over ten networks"
    exemplars = Fraction(aligned["MEMO"])
    yield row("released code", "budget of 10 tasks", "3312", "exemplars", exemplars, "1", note)
    note = "ten networks and 2000 images"
    total = Fraction(budget, _MEBIBYTE)
    yield row("released code", "largest budget", "23.5", "MiB", total, "0.1", note)


def _binplay() -> Iterator[PaperFigure]:
    """Table 3: decoders in floating point, and buffers of 1000 images.

    The decoder is that of the released code, of width d = 32; the one of the paper's appendix for
    CIFAR-10, 512 to 768 to 640 channels, is five times larger and not what the table counts.
    """
    mnist = _FLOAT * _decoder_parameters(latent=200, colours=1, kernel=3)
    cifar = _FLOAT * _decoder_parameters(latent=1000, colours=3, kernel=4)
    decoder = "parameters of the released decoder, of width 32"
    images = "100 images for each of 10 classes"
    for what, printed, bits, note in (
        ("BinPlay, MNIST", "4.6", mnist, decoder),
        ("BinPlay, Fashion MNIST", "4.6", mnist, decoder),
        ("BinPlay, CIFAR-10", "21.0", cifar, decoder),
        ("buffer, MNIST", "0.7", 1000 * _MNIST_IMAGE, images),
        ("buffer, Fashion MNIST", "0.7", 1000 * _MNIST_IMAGE, images),
        ("buffer, CIFAR-10", "2.9", 1000 * _CIFAR_IMAGE, images),
    ):
        yield PaperFigure(
            paper="BinPlay", place="table 3", what=what, printed=Fraction(printed), unit="MiB",
            exact=Fraction(bits, _MEBIBYTE), step=Fraction("0.1"), rule="truncated", note=note,
        )  # fmt: skip


def _decoder_parameters(*, latent: int, colours: int, kernel: int) -> int:
    """Return the parameters of BinPlay's decoder.

    Two dense layers with bias lead from the code and 10 bits of the task to 64 d values, four
    transposed convolutions without bias from d over 4 d, 6 d and 5 d channels to the colours; all
    but the last are normalised, with two parameters a channel.
    """
    d = 32
    wide, flat = 3 * latent // 2, 64 * d
    dense = (latent + 10 + 1) * wide + (wide + 1) * flat
    channels = (d, 4 * d, 6 * d, 5 * d, colours)
    kernels = (3, kernel, kernel, 4)
    convolutions = sum(
        inputs * outputs * k**2
        for inputs, outputs, k in zip(channels, channels[1:], kernels, strict=False)
    )
    return dense + convolutions + 2 * sum(channels[1:-1])
