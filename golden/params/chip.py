# SPDX-License-Identifier: MIT
"""Sizes of the whole chip: the machine that runs networks, and what learns around it."""

from dataclasses import dataclass

from golden.params.checks import check_integer
from golden.params.classes import (
    ClassCounterParams,
    OnlineMixtureParams,
    PrototypeClassifierParams,
)
from golden.params.correlated import CorrelatedSamplerParams
from golden.params.faults import WatchParams
from golden.params.machine import AcceleratorParams
from golden.params.sampling import LatentBufferParams, SamplerParams
from golden.params.training import TrainerParams

__all__ = ["ChipParams"]

LABEL_WIDTH = 12  # bits of a class in the chip's packets and registers
ANSWER_WIDTH = 64 - LABEL_WIDTH  # bits of a cost in the word that answers a picture by prototypes
HIDDEN_WIDTH = 10  # bits of the number of hidden neurons in the chip's registers
HIDDEN_ROW_WIDTH = 23  # bits of a row of the hidden layer in the chip's packets


@dataclass(frozen=True, kw_only=True)
class ChipParams:
    """Parameters of the whole chip. Its blocks must agree on vectors and classes.

    Parameters
    ----------
    accelerator : AcceleratorParams
    sampler : SamplerParams
    latent : LatentBufferParams
    slots : int
        S, classes that are counted at a time; 0 leaves out the block that counts them.
    slot_components : int
        K, components that compete for the exemplars of such a class, 1..255; with 1 none compete.
        At most as many as the sampler has, and has for a class; 1 without slots.
    handicap_shift : int
        s, by which they compete; see `OnlineMixtureParams`.
    table_width : int
        t, bits of the costs by which pictures are classified by prototypes; 0 leaves the classifier
        out.
    table_fold : int
        Cycles that the classifier takes for a row of prototypes; see `PrototypeClassifierParams`.
    head : TrainerParams, optional
        The head that learns on the chip; by default there is none. 8 bits go forward, it has at
        most 1023 hidden neurons, and a request of the sampler draws one exemplar.
    batch : int
        Most exemplars of a command to that head, 1..4095.
    watch : WatchParams
        Check bits of the prototypes, and a self-test of their memory; by default there are none.
    """

    accelerator: AcceleratorParams
    sampler: SamplerParams
    latent: LatentBufferParams
    slots: int = 0
    slot_components: int = 1
    handicap_shift: int = 4
    table_width: int = 0
    table_fold: int = 1
    head: TrainerParams | None = None
    batch: int = 128
    watch: WatchParams = WatchParams()

    def __post_init__(self) -> None:
        for name, block, kind in (
            ("Accelerator", self.accelerator, AcceleratorParams),
            ("Sampler", self.sampler, SamplerParams),
            ("Latent buffer", self.latent, LatentBufferParams),
            ("Watch", self.watch, WatchParams),
        ):
            if not isinstance(block, kind):
                raise TypeError(f"{name} must be {kind.__name__}, not {block!r}")
        prototypes, simd = self.sampler.prototypes, self.accelerator.mvu.simd
        for name, value, wanted in (
            ("Features D of the latent buffer", self.latent.features, prototypes.features),
            ("Lanes L of the latent buffer", self.latent.lanes, prototypes.lanes),
            ("Classes of the latent buffer", self.latent.classes, prototypes.classes),
            ("Classes of the head", self.accelerator.classes, prototypes.classes),
        ):
            if value != wanted:
                raise ValueError(f"{name} must be {wanted} as of the sampler, not {value}")
        check_integer("Features D of a chip", prototypes.features, 1, 2**16 - 1)
        check_integer("Classes of a chip", prototypes.classes, 1, 2**LABEL_WIDTH)
        check_integer("Draws per read M of a chip", self.sampler.draws_per_read, 1, 2**16 - 1)
        check_integer("Slots of a chip", self.slots, 0, 2**LABEL_WIDTH)
        self._check_components()
        check_integer("Handicap shift s of a chip", self.handicap_shift, 0, 31)
        check_integer("Table width t of a chip", self.table_width, 0, 40)
        if self.classifier is not None:
            check_integer("Bits of a cost of a chip", self.classifier.cost_width, 1, ANSWER_WIDTH)
        if self.head is not None:
            self._check_head(self.head)
        check_integer("Batch of a chip", self.batch, 1, 2**LABEL_WIDTH - 1)
        self.watch.check_width(prototypes.lanes, prototypes.code_width)
        if self.watch.self_test:
            check_integer("Rows of prototypes of a self-test", prototypes.rows, 1, 2**20)
        if simd % prototypes.lanes and prototypes.lanes % simd:
            raise ValueError(
                f"MVU inputs SIMD must divide the lanes L = {prototypes.lanes} or be a multiple "
                f"of them, not {simd}"
            )

    def _check_components(self) -> None:
        """Raise unless a slot exists, and a class has room, for the components that compete."""
        name, given = "Components K of a slot", self.slot_components
        check_integer(name, given, 1, 255)
        if given > 1 and not self.slots:
            raise ValueError(f"{name} must be 1 in a chip without slots, not {given}")
        for key in ("class_components", "components"):
            if given > (most := getattr(self.sampler.prototypes, key)):
                raise ValueError(
                    f"{name} must be at most {most}, the {key} of the sampler's prototypes, "
                    f"not {given}"
                )

    def _check_head(self, head: TrainerParams) -> None:
        """Raise unless the head that learns fits the other blocks."""
        if not isinstance(head, TrainerParams):
            raise TypeError(f"Head that learns must be TrainerParams, not {head!r}")
        prototypes = self.sampler.prototypes
        for name, value, wanted in (
            ("Features D of the head that learns", head.features, prototypes.features),
            ("Lanes L of the head that learns", head.lanes, prototypes.lanes),
            ("Classes of the head that learns", head.classes, prototypes.classes),
        ):
            if value != wanted:
                raise ValueError(f"{name} must be {wanted} as of the sampler, not {value}")
        for name, value, wanted in (
            ("Forward width q_f of the head that learns", head.forward_width, 8),
            ("Draws per read M beside a head that learns", self.sampler.draws_per_read, 1),
        ):
            if value != wanted:
                raise ValueError(f"{name} must be {wanted}, not {value}")
        check_integer("Classes beside a head that learns", head.classes, 1, 2**LABEL_WIDTH - 1)
        name = "Hidden neurons H of the head that learns"
        check_integer(name, head.hidden, 0, 2**HIDDEN_WIDTH - 1)
        rows = head.hidden * head.without_hidden.beats
        check_integer("Rows of the hidden layer of the head", rows, 0, 2**HIDDEN_ROW_WIDTH)

    @property
    def counter(self) -> ClassCounterParams | None:
        """Parameters of the class counter, or of the slots of a mixture; None without one."""
        if not self.slots:
            return None
        return ClassCounterParams(prototypes=self.sampler.prototypes, slots=self.slots)

    @property
    def mixture(self) -> OnlineMixtureParams | None:
        """Parameters of the components that compete in a slot; None where none do."""
        if self.slot_components == 1:
            return None
        prototypes = self.sampler.prototypes
        return OnlineMixtureParams(
            features=prototypes.features,
            components=self.slot_components,
            code_width=prototypes.code_width,
            handicap_shift=self.handicap_shift,
        )

    @property
    def hidden(self) -> int:
        """H, neurons of the hidden layer of the head; 0 without one."""
        return self.head.hidden if self.head is not None else 0

    @property
    def latent_width(self) -> int:
        """q_v, bits of a latent weight of a hidden layer that learns; 0 where none does."""
        head = self.head
        return int(head.binary_width) if head is not None and head.trains_hidden else 0

    @property
    def classifier(self) -> PrototypeClassifierParams | None:
        """Parameters of the classifier by prototypes; None without one."""
        if not self.table_width:
            return None
        return PrototypeClassifierParams(
            prototypes=self.sampler.prototypes,
            table_width=self.table_width,
            fold=self.table_fold,
        )

    @property
    def factors(self) -> CorrelatedSamplerParams | None:
        """Parameters of the sampler if it has factors; None if its bits are independent."""
        sampler = self.sampler
        return sampler if isinstance(sampler, CorrelatedSamplerParams) and sampler.rank else None

    @property
    def shared(self) -> bool:
        """Whether the prototypes are also read or written by a block beside the sampler.

        Only then can classes be replaced and removed.
        """
        return bool(self.slots or self.table_width)
