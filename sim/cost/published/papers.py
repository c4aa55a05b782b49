# SPDX-License-Identifier: MIT
"""Every value of memory that the papers print, beside the same by the ledger.

A paper rounds. How it does is said of each value in `sim.data.published`, the same way for all
values of one table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from sim.data.networks import load_network
from sim.data.published import Paper, PrintedValue, Rounding, Unit, load_paper
from sim.measure.align import Demand, align, cifar_resnet_parameters
from sim.measure.ledger import as_exemplars, gbm_ledger, latent_replay_ledger

__all__ = ["PaperValue", "paper_values"]

_MEGABIT = 10**6
_MEBIBYTE = 8 * 2**20
_FLOAT = 32
_CIFAR_IMAGE = 8 * 32 * 32 * 3


@dataclass(frozen=True, kw_only=True)
class PaperValue:
    """A printed value and ours.

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
    rounding : Rounding
        How the paper rounds.
    note : str
        How ours comes about.
    """

    paper: str
    place: str
    what: str
    printed: Fraction
    unit: Unit
    exact: Fraction
    rounding: Rounding
    note: str

    @property
    def ours(self) -> Fraction:
        """Ours, rounded as the paper does."""
        multiple, step = self.rounding.multiple, Fraction(repr(self.rounding.step))
        steps = self.exact / multiple / step
        half = Fraction(1, 2) if self.rounding.rule == "rounded" else 0
        return floor(steps + half) * multiple * step

    @property
    def equal(self) -> bool:
        """Whether the printed value is ours."""
        return self.ours == self.printed


def paper_values() -> list[PaperValue]:
    """Return every value, paper by paper."""
    return [*_gbm(), *_slides(), *_memo(), *_binplay()]


def _gbm() -> Iterator[PaperValue]:
    """Compare the memory on CORE50 of latent replay, and of prototypes."""
    paper, bits = load_paper("gbm"), {}
    for name, printed in paper.having("features", "exemplars").items():
        bits[name] = latent_replay_ledger(
            features=printed.count("features"),
            exemplars=printed.count("exemplars"),
            classes=printed.count("classes"),
        ).bits_paper
        yield _beside(paper, printed, Fraction(bits[name], _MEGABIT), "E D n_c")
    for name, printed in paper.having("features", "components").items():
        width = printed.count("code_width")
        bits[name] = gbm_ledger(
            features=printed.count("features"),
            components=printed.count("components"),
            classes=printed.count("classes"),
            code_width=width,
        ).bits_paper
        note = f"K D n_c q, q = {width}; K times what K = 1 is printed as"
        yield _beside(paper, printed, Fraction(bits[name], _MEGABIT), note)
    gain = paper.values["core50_gain"]
    more, less = (str(gain.condition[key]) for key in ("of", "to"))
    note = " to ".join(f"{paper.values[name].number:.1f} Mb" for name in (more, less))
    yield _beside(paper, gain, Fraction(bits[more], bits[less]), note)


def _slides() -> Iterator[PaperValue]:
    """Compare buffers of latents and of images, and the fully binary network."""
    paper = load_paper("iscas24")
    for printed in paper.having("buffer_megabits").values():
        megabits, bits = printed.count("buffer_megabits"), printed.count("sample_bits")
        held = Fraction(as_exemplars(megabits * _MEGABIT, bits))
        note = f"{megabits} Mb of {bits:,} bits each; printed in fifties"
        yield _beside(paper, printed, held, note)
    printed = paper.values["latents_for_an_image"]
    image, latent = printed.count("image_bits"), printed.count("latent_bits")
    note = (
        f"latents of {latent:,} bits, images of 8 bits a colour (of 7 bits, as in the figure, 21)"
    )
    yield _beside(paper, printed, Fraction(image, latent), note)
    printed = paper.values["network"]
    network = load_network(str(printed.condition["network"]))
    assert network.head is not None
    head = network.head.features * network.head.hidden + network.head.concat * network.head.classes
    weights = network.weight_count + head
    note = "1 bit a weight, of the network rebuilt from its sketch; ternary ones counted once"
    yield _beside(paper, printed, Fraction(weights, _MEGABIT), note)


def _memo() -> Iterator[PaperValue]:
    """Compare budgets: MEMO keeps all but the last group once, and that for every task."""
    paper = load_paper("memo")
    printed = paper.values["network"]
    *shared, specialised = cifar_resnet_parameters(printed.count("layers"))
    model = sum(shared) + specialised
    note = f"{model:,} floats in CIFAR images"
    yield _beside(paper, printed, Fraction(_FLOAT * model, _CIFAR_IMAGE), note)

    def demand(parameters: int) -> Demand:
        return Demand(model_bits=_FLOAT * parameters, exemplar_bits=_CIFAR_IMAGE)

    printed = paper.values["budget"]
    tasks, exemplars = printed.count("tasks"), printed.count("exemplars")
    budget = demand(tasks * model).total(exemplars)
    aligned = align(budget, {"MEMO": demand(sum(shared) + tasks * specialised)})
    note = f"{exemplars} and what sharing saves over ten networks"
    yield _beside(paper, printed, Fraction(aligned["MEMO"]), note)
    note = f"ten networks and {exemplars} images"
    yield _beside(paper, paper.values["largest_budget"], Fraction(budget, _MEBIBYTE), note)


def _binplay() -> Iterator[PaperValue]:
    """Compare decoders in floating point, and buffers of 1000 images.

    The decoder is that of the released code, of width d = 32; the one of the paper's appendix for
    CIFAR-10, 512 to 768 to 640 channels, is five times larger and not what the table counts.
    """
    paper = load_paper("binplay")
    for printed in paper.having("latent").values():
        bits = _FLOAT * _decoder_parameters(printed)
        note = "parameters of the released decoder, of width 32"
        yield _beside(paper, printed, Fraction(bits, _MEBIBYTE), note)
    for printed in paper.having("images").values():
        held = Fraction(printed.count("images") * printed.count("image_bits"), _MEBIBYTE)
        yield _beside(paper, printed, held, "100 images for each of 10 classes")


def _beside(paper: Paper, printed: PrintedValue, exact: Fraction, note: str) -> PaperValue:
    """Return a printed value beside ours, in its unit."""
    assert printed.rounding is not None
    return PaperValue(
        paper=paper.title,
        place=printed.locator,
        what=printed.what,
        printed=printed.exact,
        unit=printed.unit,
        exact=exact,
        rounding=printed.rounding,
        note=note,
    )


def _decoder_parameters(printed: PrintedValue) -> int:
    """Return the parameters of BinPlay's decoder.

    Two dense layers with bias lead from the code and 10 bits of the task to 64 d values, four
    transposed convolutions without bias from d over 4 d, 6 d and 5 d channels to the colours; all
    but the last are normalised, with two parameters a channel.
    """
    latent, kernel, d = printed.count("latent"), printed.count("kernel"), 32
    wide, flat = 3 * latent // 2, 64 * d
    dense = (latent + 10 + 1) * wide + (wide + 1) * flat
    channels = (d, 4 * d, 6 * d, 5 * d, printed.count("colours"))
    kernels = (3, kernel, kernel, 4)
    convolutions = sum(
        inputs * outputs * k**2
        for inputs, outputs, k in zip(channels, channels[1:], kernels, strict=False)
    )
    return dense + convolutions + 2 * sum(channels[1:-1])
