# SPDX-License-Identifier: MIT
"""Every memory size that the papers print, compared with the same size from the ledger.

Papers round their values. `sim.data.published` states the rounding of each value. It is the same
for all values of a table.
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
    """A value that a paper prints, and our value.

    Attributes
    ----------
    paper, place, what : str
        Title of the paper, place in it, and the quantity.
    printed : Fraction
        Value as printed.
    unit : str
        Unit of `printed` and `exact`. "Mb" is 10^6 bits, "MiB" is 2^20 bytes, "x" is a ratio.
    exact : Fraction
        Our value, not rounded.
    rounding : Rounding
        Rounding of the paper.
    note : str
        Derivation of our value.
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
        """Our value, rounded as in the paper."""
        multiple, step = self.rounding.multiple, Fraction(repr(self.rounding.step))
        steps = self.exact / multiple / step
        half = Fraction(1, 2) if self.rounding.rule == "rounded" else 0
        return floor(steps + half) * multiple * step

    @property
    def equal(self) -> bool:
        """Whether our rounded value equals the printed value."""
        return self.ours == self.printed


def paper_values() -> list[PaperValue]:
    """Return all values, paper by paper."""
    return [*_gbm(), *_slides(), *_memo(), *_binplay()]


def _gbm() -> Iterator[PaperValue]:
    """Compare the memories of latent replay and of prototypes on CORE50."""
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
    """Compare budgets. MEMO shares all groups but the last, which it keeps for every task."""
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

    The decoder is that of the released code, with width d = 32. The decoder in the paper's appendix
    for CIFAR-10, with 512 to 768 to 640 channels, is five times larger. The table does not count
    that one.
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
    """Return a printed value together with our value in the same unit."""
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

    Two dense layers with bias map the code and 10 bits of the task to 64 d values. Four transposed
    convolutions without bias follow, from d channels to 4 d, 6 d, 5 d and then the colours. All but
    the last are normalised, with two parameters a channel.
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
