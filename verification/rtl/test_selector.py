# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from itertools import pairwise

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.lfsr import Lfsr as GoldenLfsr
from golden.params import PrototypesParams, SelectorParams, Stream, stream_params, stream_seed
from golden.params.sampling import CHIP_STREAMS
from golden.selector import Selector as GoldenSelector
from golden.selector import cumulative_thresholds
from rtl.selector import Selector
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.seeds import seeds_of
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

MODES = ("round_robin", "uniform", "weighted")


def selector(
    mode: str, *, classes: int = 6, most: int = 4, seed: int = 1, gaps: bool = False
) -> Selector:
    prototypes = PrototypesParams(
        features=1, code_width=1, classes=classes, class_components=most, components=99
    )
    return Selector(SelectorParams(mode=mode, seed=seed), prototypes, gaps=gaps)


class Rationed(wiring.Component):
    """A selector that is asked for `amount` labels."""

    def __init__(self, selector: Selector) -> None:
        self.selector, self.params = selector, selector.params
        names = ("weights", "seeds", "o", "n_classes")
        members = {name: selector.signature.members[name] for name in names}
        if selector.gaps:
            members |= {"gone": In(2 ** len(selector.asked)), "n_there": In(8)}
        super().__init__({**members, "amount": In(stream.Signature(8))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.selector = selector = self.selector
        left = Signal(8)
        wiring.connect(m, wiring.flipped(self.weights), selector.weights)
        wiring.connect(m, wiring.flipped(self.seeds), selector.seeds)
        wiring.connect(m, selector.o, wiring.flipped(self.o))
        m.d.comb += [
            selector.n_classes.eq(self.n_classes),
            selector.en.eq(left != 0),
            self.amount.ready.eq(left == 0),
        ]
        if selector.gaps:
            m.d.comb += [
                selector.n_there.eq(self.n_there),
                selector.there.eq(~self.gone.bit_select(selector.asked, 1)),
            ]
        with m.If(self.amount.valid & self.amount.ready):
            m.d.sync += left.eq(self.amount.payload)
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += left.eq(left - 1)
        return m


def set_weights(dut: Selector, golden: GoldenSelector, weights: NDArray[np.float64]) -> Step:
    golden.set_class_weights(weights)
    layout = dut.weights.payload.shape()
    return Step(inputs={"weights": [
        payload(layout, {"index": i, "threshold": int(c)})
        for i, c in enumerate(cumulative_thresholds(weights))
    ]})  # fmt: skip


def situations(dut: Selector, n: int, labels: list[int]) -> dict[str, int]:
    wraps = sum(after < before for before, after in pairwise(labels))
    ends = {0, n - 1} <= set(labels) and n > 1
    return {
        "selector: round robin wraps around": wraps if dut.params.mode == "round_robin" else 0,
        "selector: first and last class by weight": ends and dut.params.mode == "weighted",
    }


def label_bench(dut: Selector, seed: int, grow: list[int], count: int = 12) -> list[Step]:
    """Name classes of a table that grows between requests."""
    golden, rng, steps = GoldenSelector(dut.params), np.random.default_rng(seed), []
    for n in grow:
        steps.append(set_weights(dut, golden, rng.dirichlet(np.full(n, 0.5))))
        labels = golden.request(n, count).tolist()
        asked = {"inputs": {"amount": [count]}, "outputs": {"o": labels}}
        steps.append(Step(pins={"n_classes": n}, meets=situations(dut, n, labels), **asked))
    return steps


@given(
    st.sampled_from(MODES),
    st.integers(0, 2**32),
    st.lists(st.integers(1, 100), min_size=1, max_size=3).map(sorted),
    st.sampled_from(sorted(PAUSES)),
)
@settings(max_examples=40)
def test_labels_equal_golden(mode: str, seed: int, grow: list[int], pauses: str) -> None:
    dut = selector(mode, classes=grow[-1] + seed % 2, seed=seed)
    run_pysim(Rationed(dut), label_bench(dut, seed, grow), PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("mode", MODES)
def test_labels_in_verilog(mode: str, simulator: str) -> None:
    dut = selector(mode, classes=100)
    rationed = Rationed(dut)
    for pauses in PAUSES.values():
        steps = label_bench(dut, 7, [1, 2, 3, 63, 64, 65, 100], 40)
        run_cocotb(rationed, steps, pauses, simulator=simulator)


def gap_bench(dut: Selector, n: int, gaps: list[set[int]], count: int = 15) -> list[Step]:
    """Name classes of a table from which some were removed."""
    golden = GoldenSelector(dut.params)
    steps = [set_weights(dut, golden, np.full(n, 1 / n))]
    for gone in gaps:
        ticks, round_robin = golden.class_lfsr.ticks, dut.params.mode == "round_robin"
        labels = golden.request(n, count, gone).tolist()
        passed = len(gone) if round_robin else golden.class_lfsr.ticks - ticks - count
        pins = {"n_classes": n, "n_there": n - len(gone), "gone": sum(1 << c for c in gone)}
        meets = {"selector: removed class passed over": passed}
        asked = {"inputs": {"amount": [count]}, "outputs": {"o": labels}}
        steps.append(Step(pins=pins, meets=meets, **asked))
    none = {"n_there": 0, "gone": 2**n - 1}
    # Nothing is named while no class is there, and no word is used; then it goes on.
    steps.append(Step(pins=none, inputs={"amount": [count]}, cycles=30, reads={"o__valid": 0}))
    back = {"n_there": n, "gone": 0}
    steps.append(Step(pins=back, outputs={"o": golden.request(n, count).tolist()}))
    return steps


GAPS: list[set[int]] = [set(), {0}, {0, 1, 2, 4, 5}, {5}, {1, 3}, {0, 5}, set()]


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("mode", MODES)
def test_classes_that_were_removed_are_passed_over(mode: str, pauses: str) -> None:
    dut = selector(mode, gaps=True, seed=4)
    run_pysim(Rationed(dut), gap_bench(dut, 6, GAPS), PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("mode", MODES)
def test_classes_that_were_removed_in_verilog(mode: str, simulator: str) -> None:
    dut = selector(mode, gaps=True, seed=5)
    steps = gap_bench(dut, 6, GAPS, 60)
    run_cocotb(Rationed(dut), steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_labels_come_at_the_stated_interval(mode: str, n: int) -> None:
    dut = selector(mode)
    offered = run_pysim(Rationed(dut), label_bench(dut, 5, [n])).offered["o"]
    assert set(np.diff(offered)) == {dut.interval}


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_named_while_the_table_is_empty(mode: str) -> None:
    steps = [Step(pins={"en": 1, "n_classes": 0}, reads={"o__valid": 0}, cycles=20)]
    run_pysim(selector(mode), steps)


@pytest.mark.parametrize("mode", MODES)
def test_a_label_once_offered_stays_whatever_becomes_of_its_cause(mode: str) -> None:
    dut = selector(mode, seed=3)
    golden = GoldenSelector(dut.params)
    steps = [set_weights(dut, golden, np.full(3, 1 / 3))]
    label = golden.request(3, 1).tolist()
    # Seen in the last cycle of `en`, and taken in the next at the earliest.
    begun = {"round_robin": 1, "uniform": 2, "weighted": dut.interval}[mode]
    en = {"en": 1, "n_classes": 3}
    steps.append(Step(pins=en, outputs={"o": label}, cycles=begun, abandon=True))
    steps.append(Step(pins={"en": 0, "n_classes": 5}, outputs={"o": label}))
    steps.append(Step(cycles=9, reads={"o__valid": 0}))
    run_pysim(dut, steps, PAUSES["patient"])


def component_bench(
    dut: Selector, draws: int, seed: int, golden: GoldenSelector | None = None
) -> list[Step]:
    """Draw components, in cycles with others between in which nothing is drawn."""
    most = dut.prototypes.class_components
    golden, rng, steps = golden or GoldenSelector(dut.params), np.random.default_rng(seed), []
    for _ in range(draws):
        count = int(rng.integers(1, most + 1))
        thresholds = np.sort(rng.integers(0, 65536, count - 1))
        # Past K-1 lies what would count if it counted.
        held = [*thresholds.tolist(), *[0] * most][: max(1, most - 1)]
        pins = {"count": count, "thresholds": sum(c << 16 * i for i, c in enumerate(held))}
        choice = golden.component(thresholds)
        last = {"selector: last component": choice == count - 1 > 0}
        steps.append(Step(pins={**pins, "choose": 1}, meets=last, cycles=1))
        if rng.random() < 0.5:
            steps.append(Step(pins={"choose": 0, "count": 1}, reads={"choice": choice}, cycles=2))
    return steps


@given(st.integers(1, 9), st.integers(0, 2**32))
@settings(max_examples=30)
def test_components_equal_golden(most: int, seed: int) -> None:
    dut = selector("round_robin", most=most, seed=seed)
    run_pysim(dut, component_bench(dut, 20, seed))


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_components_in_verilog(simulator: str) -> None:
    dut = selector("round_robin", most=5)
    run_cocotb(dut, component_bench(dut, 200, 1), simulator=simulator)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_threshold_equal_to_the_word_counts(offset: int) -> None:
    """The one case that tells ``<=`` from ``<``: random words meet it once in 65,536 draws."""
    dut = selector("weighted", classes=2, most=2)
    words = {
        use: GoldenLfsr(stream_params(dut.params.seed, use, 16))
        for use in (Stream.COMPONENT, Stream.CLASS)
    }
    steps = []
    for _ in range(20):
        threshold = words[Stream.COMPONENT].tick() + offset
        pins = {"count": 2, "thresholds": threshold, "choose": 1, "n_classes": 2}
        chosen = {"choice": int(offset <= 0)}
        steps += [Step(pins=pins, cycles=1), Step(pins={"choose": 0}, reads=chosen)]
    run_pysim(dut, steps)

    dut, steps = selector("weighted", classes=2, most=2), []
    layout = dut.weights.payload.shape()
    for _ in range(20):
        threshold = words[Stream.CLASS].tick() + offset
        weight = payload(layout, {"index": 0, "threshold": threshold})
        named = {"inputs": {"amount": [1]}, "outputs": {"o": [int(offset <= 0)]}}
        steps += [Step(inputs={"weights": [weight]}), Step(pins={"n_classes": 2}, **named)]
    run_pysim(Rationed(dut), steps)


def asked(golden: GoldenSelector, n: int, count: int = 30) -> Step:
    """Return a step that asks for labels."""
    labels = golden.request(n, count).tolist()
    return Step(pins={"n_classes": n}, inputs={"amount": [count]}, outputs={"o": labels})


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("mode", MODES)
def test_new_seeds_name_the_classes_of_golden(mode: str, pauses: str) -> None:
    dut = selector(mode)
    golden, old = GoldenSelector(dut.params), GoldenSelector(dut.params)
    weights = np.array([0.3, 0.1, 0.2, 0.15, 0.25])
    begun = [set_weights(dut, golden, weights), asked(golden, 5, 7)]
    old.set_class_weights(weights)
    old.request(5, 7)
    golden.reseed(99)
    seeded = asked(golden, 5)
    # The pointer is no stream; the words are.
    assert (seeded.outputs["o"] == old.request(5, 30).tolist()) is (mode == "round_robin")
    steps = [*begun, Step(inputs={"seeds": seeds_of(99)}), seeded]
    assert run_pysim(Rationed(dut), steps, PAUSES[pauses]).stalls["seeds"] == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("number", range(CHIP_STREAMS))
def test_a_seed_of_one_stream_changes_that_stream_alone(number: int, mode: str) -> None:
    dut = selector(mode)
    golden = GoldenSelector(dut.params)
    if number == Stream.CLASS:
        golden.class_lfsr.load(stream_seed(99, number))
    if number == Stream.COMPONENT:
        golden.component_lfsr.load(stream_seed(99, number))
    seeded = Step(inputs={"seeds": seeds_of(99, [number])})
    weighted = set_weights(dut, golden, np.full(5, 0.2))
    run_pysim(Rationed(dut), [weighted, seeded, asked(golden, 5)])
    dut = selector(mode)
    run_pysim(dut, [seeded, *component_bench(dut, 20, 1, golden)])


@pytest.mark.parametrize("mode", MODES)
def test_reset_forgets_a_label_that_is_sought_or_offered(mode: str) -> None:
    for cycles in range(1, selector(mode).interval + 3):
        dut = selector(mode, seed=3)
        golden = GoldenSelector(dut.params)
        weights = set_weights(dut, golden, np.full(3, 1 / 3))
        label = golden.request(3, 1).tolist()
        begun = Step(
            pins={"en": 1, "n_classes": 3}, outputs={"o": label}, cycles=cycles, abandon=True
        )
        idle = Step(reset=True, pins={"en": 0}, cycles=12, reads={"o__valid": 0})
        trace = run_pysim(dut, [weights, begun, idle], Pauses(stall=1))  # nothing is taken
        assert trace.left == [1]


@pytest.mark.parametrize("mode", MODES)
def test_reset_restarts_streams_and_pointer(mode: str) -> None:
    dut = selector(mode)
    begun, again = label_bench(dut, 5, [3]), label_bench(dut, 5, [2, 3])
    seeded = Step(inputs={"seeds": seeds_of(99)})
    for before in (begun, [*begun, seeded]):
        run_pysim(Rationed(dut), [*before, Step(reset=True), *again])
    components = component_bench(dut, 20, 1)
    run_pysim(dut, [seeded, Step(reset=True), *components])
