# SPDX-License-Identifier: MIT
"""Catalogue of the blocks that ``engram rtl`` builds, with three sizes and a unit of cost each."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from typing import Any

from amaranth.lib import wiring

from golden.params import (
    AcceleratorParams,
    BernoulliParams,
    ChipParams,
    ClassCounterParams,
    CorrelatedSamplerParams,
    CwrParams,
    IndexCodeParams,
    LatentBufferParams,
    LowRankParams,
    MapShape,
    MarchParams,
    MvuParams,
    OnlineMixtureParams,
    PrototypeClassifierParams,
    PrototypesParams,
    SamplerParams,
    SecdedParams,
    ThermometerParams,
    TrainerParams,
    WatchParams,
    XnorParams,
    stream_params,
)
from rtl.bernoulli import Bernoulli
from rtl.chip import Chip
from rtl.class_counter import ClassCounter
from rtl.collector import Collector
from rtl.correlated import CorrelatedSampler
from rtl.cwr import Cwr
from rtl.divider import Divider
from rtl.first_rows import FirstRows
from rtl.gather import Gather
from rtl.head import Head
from rtl.hidden_layer import HiddenLayer
from rtl.hidden_trainer import HiddenTrainer
from rtl.index_code import IndexCode
from rtl.intake import Intake
from rtl.latent_buffer import LatentBuffer
from rtl.lfsr import Lfsr
from rtl.low_rank import LowRank
from rtl.march import March
from rtl.mean_code import MeanCode
from rtl.mvu import Mvu
from rtl.network import Network
from rtl.online_mixture import OnlineMixture
from rtl.pool import Pool
from rtl.protected_memory import ProtectedMemory
from rtl.prototype_classifier import PrototypeClassifier
from rtl.prototype_rows import PrototypeRows
from rtl.prototypes import Prototypes
from rtl.sampler import Sampler
from rtl.scrubber import Scrubber
from rtl.selector import Selector
from rtl.softmax import Softmax
from rtl.thermometer import Thermometer
from rtl.trainer import Trainer
from rtl.window import Window
from rtl.xnor import Xnor

__all__ = ["BLOCKS", "SIZES", "Block", "plain"]

SIZES = ("tiny", "small", "full")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block and the arguments of its constructor at every size.

    Parameters
    ----------
    component : callable
        Constructor.
    full : mapping of str to Any
        Arguments at the size of the reports: dataclasses of parameters, and integers.
    small, tiny : mapping of str to Any
        Differences from `full`. Changed fields of a dataclass are a nested mapping.
    unit : str
        Unit by which the cost of the block is divided, such as "lane"; empty if there is none.
    units : callable
        Returns the number of units for given arguments.
    """

    component: Callable[..., wiring.Component]
    full: Mapping[str, Any]
    small: Mapping[str, Any] = field(default_factory=dict)
    tiny: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""
    units: Callable[[Mapping[str, Any]], int] = lambda _: 1

    def arguments(self, size: str) -> dict[str, Any]:
        """Return the constructor's arguments at one of `SIZES`."""
        differences = {"tiny": self.tiny, "small": self.small, "full": {}}
        return _changed(dict(self.full), differences[size])


def plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as plain data. The fields of `params` are merged into the top level."""
    data: dict[str, Any] = {}
    for name, value in arguments.items():
        content: Any = value
        if is_dataclass(value) and not isinstance(value, type):
            content = asdict(value)
        data |= content if name == "params" else {name: content}
    return data


def _changed(value: Any, changes: Any) -> Any:
    """Return a value with some of its fields changed, also nested ones."""
    if not isinstance(changes, Mapping):
        return changes
    if isinstance(value, dict):
        return {k: _changed(v, changes[k]) if k in changes else v for k, v in value.items()}
    return replace(value, **{k: _changed(getattr(value, k), v) for k, v in changes.items()})


# The machine of the reports: L = 64, q = 8, D = 512; 16 neurons x 64 inputs.
_PROTOTYPES = PrototypesParams(features=512, code_width=8)
_SAMPLER = SamplerParams(prototypes=_PROTOTYPES)
_LATENT = LatentBufferParams(features=512)
_ACCELERATOR = AcceleratorParams(mvu=MvuParams())
_TRAINER = TrainerParams(
    features=512, classes=100, backward_width=8, rounding="stochastic", rate=13, lanes=64
)
# With five exemplars a class, and the classifier by prototypes folded onto 8 tables, all memories
# together fit the 208 block RAMs of an LFE5U-85F. A head that learns has no room beside them for
# its weights and its batch: the full chip is without it.
_CHIP = ChipParams(
    accelerator=_ACCELERATOR,
    sampler=_SAMPLER,
    latent=replace(_LATENT, exemplars=5),
    slots=2,
    table_width=18,
    table_fold=8,
)
# 200 latent bits and 60000 samples of ten tasks, as in the experiment of BinPlay on MNIST.
_INDEX_CODE = IndexCodeParams.fitting(200, 60_000, task="prefix", tasks=10)
_THERMOMETER = ThermometerParams(
    bits=7, levels=128, input=MapShape(height=32, width=32, channels=3)
)

# Differences of the smaller machines.
_SMALL_PROTOTYPES = {"features": 128, "code_width": 4, "lanes": 16, "components": 20, "classes": 20}
_TINY_PROTOTYPES = {"features": 20, "code_width": 3, "lanes": 8, "components": 4, "classes": 3}
_SMALL_LATENT = {"features": 128, "lanes": 16, "classes": 20}
_TINY_LATENT = {"features": 20, "lanes": 8, "classes": 3, "exemplars": 2}
_SMALL_TRAINER = {"features": 128, "classes": 20, "lanes": 16}
_TINY_TRAINER = {"features": 20, "classes": 3, "lanes": 8}
_SMALL_MVU = {"pe": 8, "simd": 16, "weight_depth": 512, "tile_depth": 64}
_TINY_MVU = {"pe": 4, "simd": 8, "weight_depth": 64, "tile_depth": 16, "count_width": 10}
_SMALL_ACCELERATOR = {"mvu": _SMALL_MVU, "channels": 128, "classes": 20}
_TINY_ACCELERATOR = {
    "mvu": _TINY_MVU, "map_depth": 64, "program_depth": 8, "channels": 32, "classes": 3,
    "pixel_bits": 4, "levels": 8,
}  # fmt: skip
_SMALL_CHIP = {
    "accelerator": _SMALL_ACCELERATOR,
    "sampler": {"prototypes": _SMALL_PROTOTYPES},
    "latent": _SMALL_LATENT,
    "table_fold": 4,
    "head": replace(_TRAINER, **_SMALL_TRAINER),
    "batch": 32,
}
_TINY_CHIP = {
    "accelerator": _TINY_ACCELERATOR,
    "sampler": {"prototypes": _TINY_PROTOTYPES},
    "latent": _TINY_LATENT,
    "table_width": 10,
    "table_fold": 1,
    "head": replace(_TRAINER, **_TINY_TRAINER),
    "batch": 4,
}


def _part(
    component: Callable[..., wiring.Component], params: Any, small: Any, tiny: Any, **unit: Any
) -> Block:
    """Return a block whose only argument is a dataclass of parameters."""
    return Block(
        component=component,
        full={"params": params},
        small={"params": small},
        tiny={"params": tiny},
        **unit,
    )


BLOCKS: dict[str, Block] = {
    "lfsr": _part(
        Lfsr,
        stream_params(seed=1, stream=0, step=64),
        {"step": 16},
        {"width": 16, "taps": (16, 15, 13, 4), "seed": 1, "step": 4},
        unit="lane",
        units=lambda a: a["params"].step,
    ),
    "bernoulli": _part(
        Bernoulli,
        BernoulliParams(code_width=8),
        {"code_width": 4, "lanes": 16},
        {"code_width": 3, "lanes": 8},
        unit="lane",
        units=lambda a: a["params"].lanes,
    ),
    "prototypes": _part(
        Prototypes,
        _PROTOTYPES,
        _SMALL_PROTOTYPES,
        _TINY_PROTOTYPES,
        unit="lane",
        units=lambda a: a["params"].lanes,
    ),
    "prototype_rows": Block(
        component=PrototypeRows,
        full={"params": _PROTOTYPES, "watch": WatchParams(secded=2, self_test=True)},
        small={"params": _SMALL_PROTOTYPES},
        tiny={"params": _TINY_PROTOTYPES},
        unit="lane",
        units=lambda a: a["params"].lanes,
    ),
    "selector": Block(
        component=Selector,
        full={"params": _SAMPLER.selector, "prototypes": _PROTOTYPES},
        small={"prototypes": _SMALL_PROTOTYPES},
        tiny={"prototypes": _TINY_PROTOTYPES},
    ),
    "sampler": _part(
        Sampler,
        _SAMPLER,
        {"prototypes": _SMALL_PROTOTYPES},
        {"prototypes": _TINY_PROTOTYPES},
        unit="lane",
        units=lambda a: a["params"].prototypes.lanes,
    ),
    "sampler_serial": _part(
        Sampler,
        replace(_SAMPLER, mode="serial"),
        {"prototypes": _SMALL_PROTOTYPES},
        {"prototypes": _TINY_PROTOTYPES},
        unit="lane",
        units=lambda a: a["params"].prototypes.lanes,
    ),
    "correlated_sampler": _part(
        CorrelatedSampler,
        CorrelatedSamplerParams(prototypes=_PROTOTYPES),
        {"prototypes": _SMALL_PROTOTYPES, "rank": 8},
        {"prototypes": _TINY_PROTOTYPES, "rank": 3, "loading_width": 3},
        unit="lane",
        units=lambda a: a["params"].prototypes.lanes,
    ),
    "protected_memory": Block(
        component=ProtectedMemory,
        full={"params": SecdedParams(width=64), "depth": 1024},
        small={"params": {"width": 16}, "depth": 64},
        tiny={"params": {"width": 8}, "depth": 8},
    ),
    "march": _part(
        March,
        MarchParams(rows=_PROTOTYPES.rows, row_width=_PROTOTYPES.row_width),
        {"rows": 160, "row_width": 64},
        {"rows": 12, "row_width": 24, "part": 8},
    ),
    "scrubber": Block(
        component=Scrubber,
        full={"rows": _PROTOTYPES.rows, "row_width": _PROTOTYPES.row_width},
        small={"rows": 160, "row_width": 64},
        tiny={"rows": 12, "row_width": 24},
    ),
    "latent_buffer": _part(LatentBuffer, _LATENT, _SMALL_LATENT, _TINY_LATENT),
    "mean_code": Block(
        component=MeanCode,
        full={"code_width": 8, "count_width": 16},
        small={"code_width": 4},
        tiny={"code_width": 3},
    ),
    "class_counter": _part(
        ClassCounter,
        ClassCounterParams(prototypes=_PROTOTYPES),
        {"prototypes": _SMALL_PROTOTYPES},
        {"prototypes": _TINY_PROTOTYPES},
        unit="lane",
        units=lambda a: a["params"].prototypes.lanes,
    ),
    "online_mixture": Block(
        component=OnlineMixture,
        full={
            "params": OnlineMixtureParams(features=512, code_width=8, components=4),
            "counter": ClassCounterParams(prototypes=replace(_PROTOTYPES, class_components=4)),
        },
        small={
            "params": {"features": 128, "code_width": 4},
            "counter": {"prototypes": _SMALL_PROTOTYPES},
        },
        tiny={
            "params": {"features": 20, "code_width": 3, "components": 2},
            "counter": {"prototypes": {**_TINY_PROTOTYPES, "class_components": 2}},
        },
        unit="lane",
        units=lambda a: a["counter"].prototypes.lanes,
    ),
    "prototype_classifier": _part(
        PrototypeClassifier,
        PrototypeClassifierParams(prototypes=_PROTOTYPES, fold=8),
        {"prototypes": _SMALL_PROTOTYPES, "fold": 4},
        {"prototypes": _TINY_PROTOTYPES, "table_width": 10, "fold": 1},
        unit="lane",
        units=lambda a: a["params"].prototypes.lanes,
    ),
    "low_rank": _part(
        LowRank,
        LowRankParams(prototypes=_PROTOTYPES),
        {"prototypes": _SMALL_PROTOTYPES, "rank": 8},
        {"prototypes": _TINY_PROTOTYPES, "rank": 3, "basis_width": 3},
        unit="lane",
        units=lambda a: a["params"].prototypes.lanes,
    ),
    "divider": Block(
        component=Divider,
        full={"width": 37, "fraction": 28},
        small={"width": 35},
        tiny={"width": 12, "fraction": 6},
    ),
    "softmax": _part(Softmax, _TRAINER, _SMALL_TRAINER, _TINY_TRAINER),
    "trainer": Block(
        component=Trainer,
        full={"params": _TRAINER, "batch": 128},
        small={"params": _SMALL_TRAINER, "batch": 32},
        tiny={"params": _TINY_TRAINER, "batch": 4},
        unit="lane",
        units=lambda a: a["params"].lanes,
    ),
    "hidden_layer": _part(
        HiddenLayer,
        replace(_TRAINER, hidden=128, binary_width=1),
        {**_SMALL_TRAINER, "hidden": 32},
        {**_TINY_TRAINER, "hidden": 4},
        unit="lane",
        units=lambda a: a["params"].lanes,
    ),
    "hidden_trainer": Block(
        component=HiddenTrainer,
        full={"params": replace(_TRAINER, hidden=128, binary_width=8), "batch": 128},
        small={"params": {**_SMALL_TRAINER, "hidden": 32}, "batch": 32},
        tiny={"params": {**_TINY_TRAINER, "hidden": 4}, "batch": 4},
        unit="lane",
        units=lambda a: a["params"].lanes,
    ),
    "cwr": Block(
        component=Cwr,
        full={"params": CwrParams(classes=100, inputs=512, width=8), "lanes": 64},
        small={"params": {"classes": 20, "inputs": 128}, "lanes": 16},
        tiny={"params": {"classes": 3, "inputs": 20}, "lanes": 8},
    ),
    "first_rows": Block(
        component=FirstRows,
        full={"params": _TRAINER, "code_width": 8},
        small={"params": _SMALL_TRAINER, "code_width": 4},
        tiny={"params": _TINY_TRAINER, "code_width": 3},
        unit="lane",
        units=lambda a: a["params"].lanes,
    ),
    "index_code": _part(
        IndexCode,
        _INDEX_CODE,
        {"samples": 1024, "width": 10, "primes": (3, 5, 7, 11, 13, 17)},
        {"samples": 16, "width": 4, "primes": (3, 5), "task": "none"},
        unit="code bit",
        units=lambda a: a["params"].bits,
    ),
    "thermometer": Block(
        component=Thermometer,
        full={"params": _THERMOMETER, "simd": 64},
        small={"simd": 16},
        tiny={"params": {"bits": 4, "levels": 8}, "simd": 8},
    ),
    "xnor": _part(
        Xnor,
        XnorParams(inputs=64),
        {"inputs": 16},
        {"inputs": 8},
        unit="synapse bit",
        units=lambda a: a["params"].inputs,
    ),
    "mvu": Block(
        component=Mvu,
        full={"params": _ACCELERATOR.mvu, "tag": 16},
        small={"params": _SMALL_MVU},
        tiny={"params": _TINY_MVU, "tag": 4},
        unit="synapse bit",
        units=lambda a: a["params"].pe * a["params"].simd,
    ),
    "pool": Block(
        component=Pool,
        full={"simd": 64, "tag": 16},
        small={"simd": 16},
        tiny={"simd": 8, "tag": 4},
    ),
    "window": _part(Window, _ACCELERATOR, _SMALL_ACCELERATOR, _TINY_ACCELERATOR),
    "intake": _part(
        Intake,
        _ACCELERATOR,
        _SMALL_ACCELERATOR,
        _TINY_ACCELERATOR,
        unit="code bit",
        units=lambda a: a["params"].levels,
    ),
    "gather": _part(
        Gather,
        _ACCELERATOR,
        _SMALL_ACCELERATOR,
        _TINY_ACCELERATOR,
        unit="lane",
        units=lambda a: a["params"].mvu.simd,
    ),
    "collector": _part(Collector, _ACCELERATOR, _SMALL_ACCELERATOR, _TINY_ACCELERATOR),
    "head": _part(Head, _ACCELERATOR, _SMALL_ACCELERATOR, _TINY_ACCELERATOR),
    "network": _part(Network, _ACCELERATOR, _SMALL_ACCELERATOR, _TINY_ACCELERATOR),
    "chip": _part(Chip, _CHIP, _SMALL_CHIP, _TINY_CHIP),
}
