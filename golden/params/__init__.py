# SPDX-License-Identifier: MIT
"""Parameters of every block: one frozen, keyword-only dataclass each, which all twins share.

An error names the parameter, the allowed values and the given one. It is a `TypeError` for a wrong
type and a `ValueError` for a value out of range.
"""

from golden.params.chip import ChipParams
from golden.params.classes import (
    ClassCounterParams,
    OnlineMixtureParams,
    PrototypeClassifierParams,
)
from golden.params.correlated import CorrelatedSamplerParams
from golden.params.faults import (
    FaultParams,
    FaultyMemory,
    MarchParams,
    SecdedParams,
    WatchParams,
)
from golden.params.index_code import IndexCodeParams
from golden.params.layers import (
    ConvParams,
    DenseParams,
    HeadParams,
    MapShape,
    PoolParams,
    ThermometerParams,
    XnorParams,
)
from golden.params.low_rank import LowRankParams
from golden.params.machine import AcceleratorParams, MvuParams
from golden.params.network import LayerParams, NetworkParams
from golden.params.sampling import (
    BernoulliParams,
    LatentBufferParams,
    LfsrParams,
    PrototypesParams,
    SamplerParams,
    SelectorParams,
    Stream,
    stream_params,
    stream_seed,
)
from golden.params.ternary import TernaryTrainerParams
from golden.params.training import AffineParams, CwrParams, TrainerParams

__all__ = [
    "AcceleratorParams",
    "AffineParams",
    "BernoulliParams",
    "ChipParams",
    "ClassCounterParams",
    "ConvParams",
    "CorrelatedSamplerParams",
    "CwrParams",
    "DenseParams",
    "FaultParams",
    "FaultyMemory",
    "HeadParams",
    "IndexCodeParams",
    "LatentBufferParams",
    "LayerParams",
    "LfsrParams",
    "LowRankParams",
    "MapShape",
    "MarchParams",
    "MvuParams",
    "NetworkParams",
    "OnlineMixtureParams",
    "PoolParams",
    "PrototypeClassifierParams",
    "PrototypesParams",
    "SamplerParams",
    "SecdedParams",
    "SelectorParams",
    "Stream",
    "TernaryTrainerParams",
    "ThermometerParams",
    "TrainerParams",
    "WatchParams",
    "XnorParams",
    "stream_params",
    "stream_seed",
]
