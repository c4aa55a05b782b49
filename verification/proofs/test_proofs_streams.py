# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The rules of streams, for all that may come in and whatever waits, for all time."""

from dataclasses import replace

import pytest
from amaranth.hdl import Assert, Assume, Const, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import SelectorParams
from rtl.axi_lite import AxiLite
from rtl.catalogue import BLOCKS
from rtl.collector import Collector
from rtl.correlated import CorrelatedSampler
from rtl.dispatch import Dispatch
from rtl.factor_sums import FactorSums
from rtl.fetch import Fetch
from rtl.mvu import Mvu
from rtl.output import Output
from rtl.quotient import Quotient
from rtl.regroup import Regroup
from rtl.requests import Requests
from rtl.root import Root
from rtl.sampler import Sampler
from rtl.scale import Scale
from rtl.selector import Selector
from rtl.window import Window
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    inner_signal,
    keep_stream_rules,
    kept,
    opened,
    prove,
)

_SAMPLER = BLOCKS["sampler"].arguments("tiny")["params"]
_CORRELATED = BLOCKS["correlated_sampler"].arguments("tiny")["params"]
_MIXTURES = replace(_SAMPLER.prototypes, class_components=3)
_CHIP = BLOCKS["chip"].arguments("tiny")["params"]
#: Machines whose rows of weights serve several pixels.
_HELD = {
    reuse: replace(_CHIP.accelerator, mvu=replace(_CHIP.accelerator.mvu, weight_reuse=reuse))
    for reuse in (2, 4, 8)
}
#: A machine with two matrix-vector units.
_UNITS = replace(_CHIP.accelerator, units=2)
#: Blocks that offer something on a stream, small.
OFFERING = {
    name: BLOCKS[name].component(**BLOCKS[name].arguments("tiny"))
    for name in (
        "class_counter", "collector", "correlated_sampler", "cwr", "divider", "first_rows",
        "gather", "head", "intake", "latent_buffer", "march", "mvu", "online_mixture", "pool",
        "sampler", "sampler_serial", "selector", "thermometer", "window",
    )
} | {
    "correlated_shared": CorrelatedSampler(_CORRELATED, shared=True),
    "factor_sums": FactorSums(_CORRELATED),
    "fetch": Fetch(_CHIP.accelerator),
    **{f"collector_{reuse}": Collector(params) for reuse, params in _HELD.items()},
    **{f"fetch_{reuse}": Fetch(params) for reuse, params in _HELD.items()},
    **{f"mvu_{reuse}": Mvu(params.mvu, 4) for reuse, params in _HELD.items()},
    **{f"window_{reuse}": Window(params) for reuse, params in _HELD.items()},
    "collector_units": Collector(_UNITS),
    "window_units": Window(_UNITS),
    "quotient": Quotient(9, 5),
    "regroup": Regroup(_CHIP),
    "requests": Requests(_CHIP),
    "root": Root(4),
    "scale": Scale(_CORRELATED),
    "dispatch": Dispatch(_CHIP),
    "output": Output(),
    "axi_lite": AxiLite(),
    "selector_uniform": Selector(SelectorParams(mode="uniform"), _MIXTURES),
    "selector_weighted": Selector(SelectorParams(mode="weighted"), _MIXTURES),
    "sampler_mixtures": Sampler(
        replace(_SAMPLER, prototypes=_MIXTURES, draws_per_read=2, selection="uniform")
    ),
}  # fmt: skip
#: With a weight reuse above 1 they are for the slow tests.
NAMES = [
    pytest.param(name, marks=pytest.mark.slow) if name.endswith(("_2", "_4", "_8")) else name
    for name in OFFERING
]
#: Pins that a block wants held while it offers something, with any weight reuse.
HELD = {
    "head": ("concat", "n_classes"),
    "collector": ("whole", "place_stride", "pixel_words"),
    "fetch": ("source",),
}
#: Cycles after which nothing is left of a state that cannot be reached, where two do not do.
DEPTHS = {"selector_weighted": 5}


@pytest.mark.parametrize("name", NAMES)
def test_streams_hold_what_they_offer(name) -> None:
    m, block = Module(), OFFERING[name]
    m.submodules.block = inner = opened(block)
    dropped = block.abort if name == "dispatch" else Const(0)
    assert keep_stream_rules(m, block, unless=dropped)
    # What else must be known of a block is proven on the way.
    kind = name.removesuffix("_units").rstrip("_248")
    if kind == "window":  # a layer is taken with its last step
        m.d.comb += Assert(~block.o.valid | block.i.valid)
    if kind == "collector":  # a pixel leaves before the next one is begun
        known = {n: inner_signal(inner, n) for n in ("holding", "free", "one_word", "ends_pixel")}
        m.d.comb += [
            Assert(~(block.o.valid & known["holding"])),
            Assert(~known["free"] | ~(block.o.valid | (known["holding"] & known["ends_pixel"]))),
            Assert(~known["one_word"] | (block.o.valid & (inner_signal(inner, "words") == 1))),
        ]
    if kind == "intake":  # a picture begins when the one before is in the map
        m.d.comb += Assume(~(block.start & block.write.valid))
    for pin in HELD.get(kind, ()):
        m.d.comb += Assume(kept(m, block.o.valid, getattr(block, pin)))
    prove(m, free_inputs(block), depth=DEPTHS.get(name, 2))


class Forgetful(wiring.Component):
    """Offers what waits for one cycle only."""

    def __init__(self) -> None:
        super().__init__({"i": In(stream.Signature(2)), "o": Out(stream.Signature(2))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.i.ready.eq(~self.o.valid)
        m.d.sync += [
            self.o.valid.eq(self.i.valid & self.i.ready),
            self.o.payload.eq(self.i.payload),
        ]
        return m


def test_a_stream_that_forgets_is_refuted() -> None:
    m = Module()
    m.submodules.block = block = Forgetful()
    keep_stream_rules(m, block)
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(m, free_inputs(block), depth=4)
