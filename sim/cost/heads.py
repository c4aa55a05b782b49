# SPDX-License-Identifier: MIT
"""Heads that learn on a chip: their memories, the price of a batch, and of an answer."""

from abc import ABC, abstractmethod
from dataclasses import replace
from fractions import Fraction

from golden.params import HeadParams, TernaryTrainerParams, TrainerParams
from sim.cost.configuration import CostConfig, HeadKind
from sim.cost.counts import ternary_trainer, trainer, training
from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.phases import Phase, answer

__all__ = ["Head", "head_of", "load_hidden", "trainer_of", "with_head"]


class Head(ABC):
    """A head of the configuration's classes, and its training.

    Parameters
    ----------
    config : CostConfig
    """

    #: What the note of a task says of the training.
    remark: str

    def __init__(self, config: CostConfig) -> None:
        self.config = config

    @property
    def kept(self) -> tuple[Memory, ...]:
        """Memories beside the machine's that answers need, too."""
        return ()

    @property
    def answer(self) -> Phase | None:
        """Classification of an embedding, if that is not part of the inference of an image."""
        return None

    @property
    def batch_cycles(self) -> Fraction | None:
        """Cycles of a batch; None where no hardware defines them."""
        return None

    @property
    @abstractmethod
    def working(self) -> tuple[Memory, ...]:
        """Memories that training needs in addition."""

    @property
    @abstractmethod
    def batch(self) -> Tally:
        """Actions of learning a batch."""

    @property
    @abstractmethod
    def operations(self) -> int:
        """Two for each synapse of the forward pass of a sample."""

    @property
    @abstractmethod
    def least_cycles(self) -> Fraction:
        """Cycles that a batch takes at least: those of the parts that hardware has."""


class _BinaryHead(Head):
    """Binary weights whose latent weights gradient descent moves: an estimate."""

    remark = "an estimate: no block trains this head, hence no cycles"

    def __init__(self, config: CostConfig) -> None:
        super().__init__(config)
        task = config.task
        self._trainer = training.TrainedHead(
            head=config.head,
            mvu=config.chip.accelerator.array,
            backward_bits=task.backward_bits,
            weight_bits=task.weight_bits,
            gradients=task.gradients,
        )

    @property
    def working(self) -> tuple[Memory, ...]:
        return tuple(self._trainer.memories(self.config.task.batch))

    @property
    def batch(self) -> Tally:
        sample = answer(self.config, "head").tally + self._trainer.sample()
        return self.config.task.batch * sample + self._trainer.step()

    @property
    def operations(self) -> int:
        return answer(self.config, "head").operations

    @property
    def least_cycles(self) -> Fraction:
        return self.config.task.batch * (answer(self.config, "head").cycles or Fraction(0))


class _TernaryHead(Head):
    """Ternary weights read from counters: an estimate in which every sample is learned."""

    remark = "an estimate: no block has the counters yet, hence no cycles"

    def __init__(self, config: CostConfig) -> None:
        super().__init__(config)
        prototypes, memory = config.chip.sampler.prototypes, config.memory
        self._lanes = prototypes.lanes
        self._params = TernaryTrainerParams(
            features=prototypes.features,
            classes=memory.classes,
            width=config.task.counter_bits,
            threshold=1,  # it changes no count
        )

    @property
    def working(self) -> tuple[Memory, ...]:
        found = ternary_trainer.memories(self._params, self._lanes)
        return tuple(memory.within("ternary") for memory in found)

    @property
    def batch(self) -> Tally:
        mvu, size = self.config.chip.accelerator.mvu, self.config.task.batch
        words = -(-self._params.features // mvu.simd)
        taken = Tally({Action("network.fetch.map", "write", mvu.simd): words})
        forward = size * (answer(self.config, "head").tally + taken)
        return forward + ternary_trainer.move(self._params, mvu, self._lanes, size)

    @property
    def operations(self) -> int:
        return answer(self.config, "head").operations

    @property
    def least_cycles(self) -> Fraction:
        rows = ternary_trainer.move_rows(self._params, self._lanes)
        sample = (answer(self.config, "head").cycles or 0) + rows
        return Fraction(self.config.task.batch * sample)


class _IntegerHead(Head):
    """The classifier of the block `rtl.trainer`, with its counts and its cycles."""

    remark = "trained by the trainer"

    def __init__(self, config: CostConfig) -> None:
        super().__init__(config)
        self._params = trainer_of(config)

    @property
    def kept(self) -> tuple[Memory, ...]:
        return tuple(m for m in self._memories if m.component in _OF_ANSWERS)

    @property
    def working(self) -> tuple[Memory, ...]:
        return tuple(m for m in self._memories if m.component not in _OF_ANSWERS)

    @property
    def answer(self) -> Phase:
        classes = self.config.memory.classes
        return Phase(
            name="classify, integer head",
            unit="embedding",
            tally=trainer.classify(self._params, 1, classes).within("trainer"),
            cycles=Fraction(trainer.classify_cycles(self._params, 1, classes)),
            operations=self.operations,
        )

    @property
    def batch(self) -> Tally:
        size, classes = self.config.task.batch, self.config.memory.classes
        return trainer.learn(self._params, size, classes).within("trainer")

    @property
    def batch_cycles(self) -> Fraction:
        size, classes = self.config.task.batch, self.config.memory.classes
        return Fraction(trainer.learn_cycles(self._params, size, classes))

    @property
    def operations(self) -> int:
        p = self._params
        return 2 * (p.hidden * p.features + p.concat * p.classes)

    @property
    def least_cycles(self) -> Fraction:
        return self.batch_cycles

    @property
    def _memories(self) -> tuple[Memory, ...]:
        found = trainer.memories(self._params, self.config.task.batch)
        return tuple(memory.within("trainer") for memory in found)


# The exemplar to classify lies in the memory of a batch. A hidden layer works on it, too; of one
# that learns, the signs are enough, and nothing is kept for its batch.
_OF_ANSWERS = (
    "trainer.weights",
    "trainer.exemplars",
    "trainer.hidden.weights",
    "trainer.hidden.exemplar",
    "trainer.hidden.layer.weights",
    "trainer.hidden.layer.exemplar",
)

_HEADS: dict[HeadKind, type[Head]] = {
    "binary": _BinaryHead,
    "integer": _IntegerHead,
    "ternary": _TernaryHead,
}


def load_hidden(config: CostConfig) -> Phase | None:
    """Return the loading of the integer head's hidden layer after its supply is switched on.

    None where there is no such layer. A neuron is a packet of a header and its rows, each in as
    many words as it needs.
    """
    params = trainer_of(config)
    if not params.hidden:
        return None
    beats = params.without_hidden.beats
    words = params.hidden * (1 + beats * -(-params.lanes * int(params.binary_width) // 64))
    return Phase(
        name="load a hidden layer",
        unit="layer",
        tally=trainer.write_hidden_rows(params, params.hidden * beats).within("trainer"),
        cycles=Fraction(words),
        bits=64 * words,
        note=f"{params.hidden} packets, a word a cycle",
    )


def trainer_of(config: CostConfig) -> TrainerParams:
    """Return the parameters of the trainer of a configuration."""
    prototypes = config.chip.sampler.prototypes
    return TrainerParams(
        features=prototypes.features,
        classes=config.memory.classes,
        hidden=config.task.trainer_hidden,
        binary_width=config.task.trainer_latent_bits,
        backward_width=config.task.trainer_bits,
        rounding="stochastic",
        lanes=prototypes.lanes,
    )


def head_of(config: CostConfig) -> Head:
    """Return the head that a configuration trains."""
    return _HEADS[config.head_kind](config)


def with_head(config: CostConfig, kind: HeadKind) -> CostConfig:
    """Return a configuration with another head, and with what the machine has of that head.

    Parameters
    ----------
    config : CostConfig
    kind : {"binary", "integer", "ternary"}
        "binary" leaves the machine's head as it is. "ternary" is one without hidden neurons, and
        "integer" lies in the trainer alone, with its own hidden layer.
    """
    features, classes = config.network.output.size, config.memory.classes
    head = {
        "binary": config.network.head,
        "ternary": HeadParams(features=features, classes=classes, hidden=0),
        "integer": None,
    }[kind]
    return replace(config, network=replace(config.network, head=head), head_kind=kind)
