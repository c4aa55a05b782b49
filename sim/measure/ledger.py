# SPDX-License-Identifier: MIT
"""The ledger: all bits that must survive between tasks, by the papers' count and in full."""

from collections.abc import Iterator
from dataclasses import dataclass

from golden.params import (
    ConvParams,
    DenseParams,
    HeadParams,
    NetworkParams,
    TernaryTrainerParams,
    TrainerParams,
)
from golden.params.checks import check_choice, check_integer

__all__ = [
    "FLOAT_BITS",
    "Entry",
    "Ledger",
    "as_exemplars",
    "classifier_ledger",
    "count_bits",
    "fits",
    "gbm_ledger",
    "head_ledger",
    "index_bits",
    "joint_ledger",
    "latent_replay_ledger",
    "network_ledger",
    "selection_entries",
    "ternary_ledger",
    "trainer_ledger",
]

_LFSR_BITS = 64
_MIXING_THRESHOLD_BITS = 16
_NEURON_THRESHOLD_BITS = 32
FLOAT_BITS = 32
_COUNTER_BITS = 32
_SEEN_BITS = 16
_LOG_ODDS_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Storage of one kind.

    Parameters
    ----------
    name : str
        What is stored.
    bits : int
        Bits it takes.
    counted_by_paper : bool
        Whether the memory axis of the papers counts it.
    note : str
        How the bits are computed.
    """

    name: str
    bits: int
    counted_by_paper: bool
    note: str

    def __post_init__(self) -> None:
        check_integer(f"Bits of {self.name}", self.bits, 0)

    @classmethod
    def paper(cls, name: str, bits: int, note: str) -> "Entry":
        """Return storage that the papers count.

        Parameters
        ----------
        name : str
            What is stored.
        bits : int
            Bits it takes, >= 0.
        note : str
            How the bits come about.
        """
        return cls(name=name, bits=bits, counted_by_paper=True, note=note)

    @classmethod
    def extra(cls, name: str, bits: int, note: str) -> "Entry":
        """Return storage that the papers leave out.

        Parameters
        ----------
        name : str
            What is stored.
        bits : int
            Bits it takes, >= 0.
        note : str
            How the bits come about.
        """
        return cls(name=name, bits=bits, counted_by_paper=False, note=note)


@dataclass(frozen=True)
class Ledger:
    """Entries and their sums; the sum of two ledgers has the entries of both.

    Parameters
    ----------
    entries : tuple of Entry
        Every kind of storage once.
    """

    entries: tuple[Entry, ...] = ()

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger(self.entries + other.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    @property
    def bits_paper(self) -> int:
        """Bits of the entries that the papers count."""
        return sum(entry.bits for entry in self.entries if entry.counted_by_paper)

    @property
    def bits_full(self) -> int:
        """Bits of all entries."""
        return sum(entry.bits for entry in self.entries)


def gbm_ledger(
    *,
    features: int,
    components: int,
    classes: int,
    code_width: int,
    lanes: int = 64,
    mode: str = "parallel",
    selection: str = "round_robin",
    on_chip: bool = True,
) -> Ledger:
    """Return the ledger of a generative memory (contract, 5 to 7).

    The paper (gbm, section 3) counts the codes alone, ``K * D * n_c * q`` bits.

    Parameters
    ----------
    features : int
        D.
    components : int
        K, prototypes a class.
    classes : int
        n_c, classes in memory.
    code_width : int
        q; 32 stands for floating-point means, from which no sampler on the chip draws.
    lanes : int
        L; the last row of a prototype is padded to L codes.
    mode : {"parallel", "serial"}
        Whether the sampler has q random streams or one.
    selection : {"round_robin", "uniform", "weighted"}
        How classes are requested.
    on_chip : bool
        Whether the chip's memory holds the prototypes and its sampler draws from them. A reference
        in software has neither rows nor random streams.
    """
    for name, value in (("Features D", features), ("Components K", components)):
        check_integer(name, value, 1)
    check_integer("Classes n_c", classes, 1)
    check_integer("Code width q", code_width, 1, 32)
    check_integer("Sampler lanes L", lanes, 1, 64)
    check_choice("Sampler mode", mode, ("parallel", "serial"))
    prototypes = components * classes
    padding = -features % lanes if on_chip else 0
    table = classes * (index_bits(prototypes) + count_bits(components))
    entries = [
        Entry.paper("prototypes", prototypes * features * code_width, "K * D * n_c * q"),
        Entry.extra(
            "row padding", prototypes * padding * code_width, "codes 0 past D, to full rows"
        ),
        Entry.extra(
            "mixing thresholds",
            classes * (components - 1) * _MIXING_THRESHOLD_BITS,
            "K - 1 of 16 bits a class",
        ),
        Entry.extra("class table", table, "first component and their count, a class"),
        Entry.extra(
            "fill pointers", count_bits(classes) + count_bits(prototypes), "classes, prototypes"
        ),
        *selection_entries(selection, classes),
    ]
    if on_chip:
        streams = 1 + (code_width if mode == "parallel" else 1)
        note = "64 bits a stream: the sampler's and the choice of components"
        entries.append(Entry.extra("random streams", streams * _LFSR_BITS, note))
    return Ledger(tuple(entry for entry in entries if entry.bits))


def classifier_ledger(
    *, features: int, components: int, classes: int, code_width: int, table: bool = False
) -> Ledger:
    """Return the ledger of prototypes that classify and from which nothing is drawn.

    Parameters
    ----------
    features, components, classes, code_width : int
        D, K, n_c and q.
    table : bool
        Whether codes are looked up in a table of log-odds (`sim.replay.likelihood`).
    """
    prototypes = components * classes
    entries = [
        Entry.paper("prototypes", prototypes * features * code_width, "K * D * n_c * q"),
        Entry.extra("class table", classes * index_bits(prototypes), "first component of a class"),
        Entry.extra(
            "fill pointers", count_bits(classes) + count_bits(prototypes), "classes, prototypes"
        ),
    ]
    if table:
        note = "two numbers of 16 bits a code"
        entries.append(Entry.extra("log-odds table", 2 * 2**code_width * _LOG_ODDS_BITS, note))
    return Ledger(tuple(entry for entry in entries if entry.bits))


def latent_replay_ledger(
    *, features: int, exemplars: int, classes: int, selection: str = "round_robin"
) -> Ledger:
    """Return the ledger of a class-balanced buffer of embeddings (contract, 10).

    The paper (gbm, section 3) counts the embeddings alone, ``E * D * n_c`` bits.

    Parameters
    ----------
    features : int
        D.
    exemplars : int
        E, embeddings kept of each class.
    classes : int
        n_c.
    selection : {"round_robin", "uniform", "weighted"}
        How classes are requested.
    """
    for name, value in (("Features D", features), ("Exemplars E", exemplars)):
        check_integer(name, value, 1)
    check_integer("Classes n_c", classes, 1)
    kept = exemplars * classes
    entries = [
        Entry.paper("exemplars", kept * features, "E * D * n_c"),
        Entry.extra("labels", kept * index_bits(classes), "ceil(log2 n_c) an exemplar"),
        Entry.extra("seen counters", classes * _SEEN_BITS, "16 bits a class, for the reservoir"),
        *selection_entries(selection, classes),
        Entry.extra(
            "random streams", 2 * _LFSR_BITS, "64 bits each: which exemplar to replace, to replay"
        ),
    ]
    return Ledger(tuple(entry for entry in entries if entry.bits))


def joint_ledger(
    *, features: int, samples: int, classes: int, selection: str = "round_robin"
) -> Ledger:
    """Return the ledger of a memory that keeps every embedding, the upper bound.

    Parameters
    ----------
    features : int
        D.
    samples : int
        N, embeddings kept over all classes.
    classes : int
        n_c.
    selection : {"round_robin", "uniform", "weighted"}
        How classes are requested.
    """
    check_integer("Features D", features, 1)
    check_integer("Samples N", samples, 0)
    check_integer("Classes n_c", classes, 1)
    entries = [
        Entry.paper("exemplars", samples * features, "N * D"),
        Entry.extra("labels", samples * index_bits(classes), "ceil(log2 n_c) an exemplar"),
        *selection_entries(selection, classes),
        Entry.extra("random streams", _LFSR_BITS, "64 bits: which exemplar to replay"),
    ]
    return Ledger(tuple(entry for entry in entries if entry.bits))


def head_ledger(params: HeadParams, latent_width: int = 1) -> Ledger:
    """Return the ledger of a classifier head; the papers' memory axis leaves it out.

    Parameters
    ----------
    params : HeadParams
        D, H and the number of outputs.
    latent_width : int
        Bits of the numbers behind the binary weights from which training of the next task starts,
        the sign in front; 1 if it starts from the signs, or anew.
    """
    check_integer("Bits of a latent weight", latent_width, 1, FLOAT_BITS)
    weights = params.weight_count
    entries = [Entry.extra("head weights", weights, "hidden layer and two planes, 1 bit a weight")]
    if latent_width > 1:
        note = f"{latent_width} bits, less the sign, which is the weight itself"
        entries.append(Entry.extra("latent weights", weights * (latent_width - 1), note))
    return Ledger(tuple(entries))


def trainer_ledger(params: TrainerParams, kept: bool = True) -> Ledger:
    """Return the ledger of a head that learns in integers (contract, 12).

    Parameters
    ----------
    params : TrainerParams
        D, H, C and the widths; ``"float"`` takes 32 bits.
    kept : bool
        Whether training of the next task starts from the weights of this one. Else only what
        inference needs survives: the classifier in q_f bits, the binary layer in signs.
    """
    weights = params.classes * params.concat
    width, name = (params.backward_width, "q_b") if kept else (params.forward_width, "q_f")
    binary = params.binary_width if kept else 1
    entries = [
        Entry.extra("classifier weights", weights * _width(width), f"n_c * (H + D) * {name}"),
        Entry.extra(
            "binary weights",
            params.hidden * params.features * _width(binary),
            "H * D * q_b of binary layers, the sign in front" if kept else "H * D signs",
        ),
    ]
    if params.rounding == "stochastic" and not params.real:
        entries.append(Entry.extra("rounding stream", _LFSR_BITS, "64 bits"))
    return Ledger(tuple(entry for entry in entries if entry.bits))


def ternary_ledger(params: TernaryTrainerParams, kept: bool = True) -> Ledger:
    """Return the ledger of a ternary head that learns by counters (contract, 17).

    Parameters
    ----------
    params : TernaryTrainerParams
        D, C and the bits of a counter.
    kept : bool
        Whether training of the next task starts from the counters of this one. Else only what
        inference needs survives: two planes of bits.
    """
    weights = params.classes * params.features
    if kept:
        entry = Entry.extra("counters", weights * params.width, "n_c * D * bits of a counter")
    else:
        entry = Entry.extra("head weights", weights * 2, "n_c * D, two planes, 1 bit a weight")
    return Ledger((entry,))


def _width(width: int | str) -> int:
    return FLOAT_BITS if width == "float" else int(width)


def network_ledger(params: NetworkParams) -> Ledger:
    """Return the ledger of a feature extractor; the papers' memory axis leaves it out."""
    outputs = sum(
        layer.outputs
        for layer in params.layers
        if isinstance(layer, ConvParams | DenseParams) and layer.thresholds
    )
    entries = [
        Entry.extra("network weights", params.weight_count, "1 bit a weight"),
        Entry.extra(
            "network thresholds",
            outputs * (_NEURON_THRESHOLD_BITS + 1),
            "32 bits and a polarity a neuron",
        ),
    ]
    return Ledger(tuple(entry for entry in entries if entry.bits))


def as_exemplars(bits: int, exemplar_bits: int) -> int:
    """Return how many whole exemplars fit into some bits: "a model or N exemplars" (MEMO).

    Parameters
    ----------
    bits : int
        Bits of a model, or of the difference of two.
    exemplar_bits : int
        Bits of one exemplar.
    """
    check_integer("Bits", bits, 0)
    check_integer("Bits of an exemplar", exemplar_bits, 1)
    return bits // exemplar_bits


def selection_entries(selection: str, classes: int) -> list[Entry]:
    """Return the storage that the selection of classes takes.

    Parameters
    ----------
    selection : {"round_robin", "uniform", "weighted"}
        How classes are requested.
    classes : int
        n_c.
    """
    check_choice("Selection", selection, ("round_robin", "uniform", "weighted"))
    if selection == "round_robin":
        return [Entry.extra("class pointer", index_bits(classes), "round robin over the classes")]
    entries = [Entry.extra("class requests", _LFSR_BITS, "a random stream of 64 bits")]
    if selection == "weighted":
        thresholds = _MIXING_THRESHOLD_BITS * (classes - 1)
        entries.append(Entry.extra("class thresholds", thresholds, "n_c - 1 of 16 bits"))
        counters = "32 bits a class, to weigh anew when classes come"
        entries.append(Entry.extra("sample counters", classes * _COUNTER_BITS, counters))
    return entries


def index_bits(count: int) -> int:
    """Return the bits of a number in ``0..count - 1``."""
    return (count - 1).bit_length()


def count_bits(largest: int) -> int:
    """Return the bits of a number in ``0..largest``."""
    return largest.bit_length()


def fits(bits: int, budget: float) -> bool:
    """Return whether a number of bits is within a budget in Mb (10^6 bits)."""
    return bits <= round(budget * 10**6)
