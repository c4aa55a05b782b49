# SPDX-License-Identifier: MIT
"""The chip of a design, as `sim.cost` prices it."""

from dataclasses import replace
from typing import Any

from golden.params import (
    ChipParams,
    CorrelatedSamplerParams,
    HeadParams,
    LatentBufferParams,
    MapShape,
    NetworkParams,
    PrototypesParams,
    SamplerParams,
    ThermometerParams,
)
from golden.params.chip import HIDDEN_WIDTH
from sim.cost.configuration import CostConfig, HeadKind
from sim.cost.counts.room import least_machine
from sim.cost.sections import MemorySection, TaskSection
from sim.data.bank import Bank
from sim.explore.space.point import Point
from sim.learn.sections import AnyHead, IntegerHeadConfig, TernaryHeadConfig
from sim.replay import SOURCES, Classifier, ReplaySource
from sim.replay.correlated import CorrelatedParams

__all__ = ["chip_of", "extractor", "is_classifier"]


def chip_of(point: Point, bank: Bank, network: NetworkParams) -> CostConfig:
    """Return the chip of a design. Its memories are just large enough for network and past.

    Parameters
    ----------
    point : Point
    bank : Bank
        Bank with the classes, tasks and samples that the design learns.
    network : NetworkParams
        The extractor with all bits of the embedding.

    Raises
    ------
    ValueError
        If no chip fits the design.
    """
    hardware, params = point.hardware, point.method.params
    head = point.method.settled(point.config.head)
    classes, features = bank.n_classes, point.features or bank.features
    components = getattr(params, "components", 1)
    width = getattr(params, "code_width", 1)
    lanes = getattr(params, "lanes", hardware.lanes)
    extracting = extractor(network, features)
    trains = not is_classifier(SOURCES[point.method.replay])
    if trains:
        _check_head(head, lanes)
    kind, own = _of_head(head)
    hidden = own.get("hidden", 0)
    learner = HeadParams(features=features, classes=classes, hidden=hidden)
    # The integer head lies in the trainer.
    whole = replace(extracting, head=learner if trains and kind != "integer" else None)
    prototypes = PrototypesParams(
        features=features, code_width=width, lanes=lanes, components=components * classes,
        classes=classes, class_components=components,
    )  # fmt: skip
    chip = ChipParams(
        accelerator=replace(
            least_machine(
                whole,
                pe=hardware.pe,
                simd=hardware.simd,
                weight_reuse=hardware.weight_reuse,
                units=hardware.units,
            ),  # fmt: skip
            classes=classes,
        ),
        sampler=_sampler(params, prototypes),
        latent=LatentBufferParams(
            features=features, lanes=lanes, classes=classes, exemplars=_exemplars(params, classes)
        ),
    )
    return CostConfig(
        title=point.label,
        chip=chip,
        network_name=hardware.network or bank.provenance,
        network=whole,
        clock=hardware.clock_mhz * 1e6,
        retention=86_400,
        memory=MemorySection(classes=classes, components=components),
        task=TaskSection(
            classes=len(bank.tasks[-1]),
            samples=round(len(bank.train) / classes),
            epochs=head.epochs,
            batch=head.batch,
            **own,
            backward_bits=hardware.backward_bits,
            weight_bits=hardware.weight_bits,
            gradients=hardware.gradients,
            embeddings=hardware.embeddings,
            fit="chip" if components == 1 or _competes(params) else "host",
        ),
        head_kind=kind,
    )


def _competes(params: object) -> bool:
    """Return whether a method fits its prototypes in one pass of integers, as a chip can."""
    mixture = getattr(params, "mixture", None)
    return mixture is not None and mixture.fit == "online"


def _sampler(params: object, prototypes: PrototypesParams) -> SamplerParams:
    """Return the sampler of a method; any, for one that draws nothing."""
    own = {
        "prototypes": prototypes,
        "mode": getattr(params, "mode", "parallel"),
        "draws_per_read": getattr(params, "draws_per_read", 1),
        "selection": getattr(params, "requests", "round_robin"),
    }
    if isinstance(params, CorrelatedParams) and params.rank:
        factors = {key: getattr(params, key) for key in ("rank", "loading_width", "factor_width")}
        return CorrelatedSamplerParams(**own, **factors)
    return SamplerParams(**own)


def extractor(network: NetworkParams, features: int) -> NetworkParams:
    """Return a smaller network that makes only the first D bits of an embedding.

    Its last layer has fewer neurons in the same number of groups. If the features are pixels, the
    image has fewer rows.

    Raises
    ------
    ValueError
        If the network cannot be cut to D bits.
    """
    bare, last = replace(network, head=None), network.layers[-1]
    if features == network.output.size:
        return bare
    if isinstance(last, ThermometerParams):
        row = last.output.width * last.output.channels
        if features % row:
            raise ValueError(f"features must be whole rows of {row} pixel bits, not {features}")
        shape = MapShape(
            height=features // row, width=network.input.width, channels=network.input.channels
        )
        return replace(bare, input=shape, layers=(replace(last, input=shape),))
    groups = getattr(last, "groups", 1)
    pixels = last.output.height * last.output.width
    if not hasattr(last, "outputs") or pixels != 1 or features % groups:
        raise ValueError(
            f"features must leave the {groups} groups of the last layer, and one pixel, with as "
            f"many neurons each, not {features}"
        )
    return replace(bare, layers=(*bare.layers[:-1], replace(last, outputs=features)))


def is_classifier(source: type[ReplaySource]) -> bool:
    """Return whether a source classifies by itself, without a head."""
    return issubclass(source, Classifier)


def _check_head(head: AnyHead, lanes: int) -> None:
    """Refuse a head that learns otherwise than the trainer that is priced."""
    if not isinstance(head, IntegerHeadConfig):
        return
    if head.q_f != 8:
        raise ValueError(
            f"the trainer has codes of 8 bits forward: head.q_f must be 8, not {head.q_f}"
        )
    most = 2**HIDDEN_WIDTH - 1
    if head.hidden > most:
        raise ValueError(
            "the size of the trainer's hidden layer is bounded: head.hidden must be in "
            f"0..{most}, not {head.hidden}"
        )
    if head.rounding != "stochastic" or (head.lanes or 1) != lanes:
        raise ValueError(
            f"the trainer rounds {lanes} weights at once by random words: head.rounding must be "
            f"stochastic and head.lanes {lanes}, not {head.rounding} and {head.lanes or 1}"
        )


def _of_head(head: AnyHead) -> tuple[HeadKind, dict[str, Any]]:
    """Return the kind of a head, and what the price of its training depends on."""
    if isinstance(head, TernaryHeadConfig):
        return "ternary", {"hidden": 0, "counter_bits": head.width}
    if not isinstance(head, IntegerHeadConfig):
        return "binary", {"hidden": head.hidden}
    own = {"hidden": 0, "trainer_bits": head.q_b_non_binary}
    layer = {"trainer_hidden": head.hidden}
    if head.hidden:
        layer["trainer_latent_bits"] = int(head.q_b_binary)
    return "integer", own | layer


def _exemplars(params: object, classes: int) -> int:
    """Return E, the exemplars kept per class once all classes are learnt; 1 if none are kept."""
    budget = getattr(params, "budget", None)
    if budget is not None:
        return -(-budget // classes)
    return getattr(params, "per_class", None) or getattr(params, "exemplars", 1)
