# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bernoulli import encode_counts
from rtl.mean_code import MeanCode, mean_layout
from sim.cost.counts import mean_code
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

Means = list[tuple[int, int]]
#: Corners of 16 bits: the ends, both sides of the middle, and ties.
WIDE = [
    (c, n)
    for n in (1, 2, 3, 256, 257, 512, 40_000, 65_535)
    for c in sorted({0, 1, n // 2, (n + 1) // 2, n - 1, n})
]


def step(width: int, q: int, means: Means) -> Step:
    """Return the step of some means ``c / n``, with what golden makes of them."""
    layout = mean_layout(width)
    codes = [int(encode_counts(c, n, q)) for c, n in means]
    met = Counter[str]()
    for c, n in means:
        met["tie"] += 2 ** (q + 1) * c % (2 * n) == n
        met["middle"] += 2 * c == n
        met["a little more than the middle"] += n < 2 * c < n + n / 2**q
        met["0"] += c == 0
        met["1"] += c == n
    return Step(
        inputs={"i": [payload(layout, {"count": c, "number": n}) for c, n in means]},
        outputs={"o": codes},
        meets={f"mean_code: {name}": hits for name, hits in met.items()},
    )


@pytest.mark.parametrize(("width", "q"), [(5, 1), (5, 2), (5, 3), (5, 5), (4, 7)])
def test_all_means_of_small_counts_become_their_codes(width: int, q: int) -> None:
    means = [(c, n) for n in range(1, 2**width) for c in range(n + 1)]
    run_pysim(MeanCode(q, width), [step(width, q, means)])


@given(
    st.integers(1, 16),
    st.lists(
        st.integers(1, 65_535).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(sorted(PAUSES)),
)
@settings(max_examples=30)
def test_codes_equal_golden(q: int, means: Means, pauses: str) -> None:
    run_pysim(MeanCode(q, 16), [step(16, q, means)], PAUSES[pauses])


@pytest.mark.parametrize("q", [1, 16])
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(q, pauses) -> None:
    run_pysim(MeanCode(q, 16), [step(16, q, WIDE)], pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("q", [1, 8])
def test_codes_in_verilog(q, simulator) -> None:
    means = [(c, n) for n in range(1, 40) for c in range(n + 1)]
    pauses = PAUSES["idle_stalled"]
    run_cocotb(MeanCode(q, 16), [step(16, q, WIDE + means)], pauses, simulator=simulator)


@pytest.mark.parametrize("q", [1, 8])
def test_a_mean_takes_as_long_as_it_says(q: int) -> None:
    dut = MeanCode(q, 16)
    trace = run_pysim(dut, [step(16, q, WIDE)])
    assert trace.gaps("i") == {dut.interval} == {mean_code.divide_cycles(q)}
    for taken, offered in zip(trace.transfers["i"], trace.offered["o"], strict=True):
        assert offered - taken == dut.latency


@pytest.mark.parametrize("cycles", range(1, 12))
def test_reset_in_the_middle_drops_the_mean(cycles: int) -> None:
    q = 8
    cut = step(16, q, [(3, 7)])
    begun = Step(cut.inputs, cut.outputs, cycles=cycles, abandon=True)
    trace = run_pysim(MeanCode(q, 16), [begun, Step(reset=True), step(16, q, WIDE)])
    assert trace.left[0] == (1 if cycles < 11 else 0)


def test_a_bench_with_a_wrong_code_fails() -> None:
    right = step(16, 4, [(3, 7)])
    wrong = Step(right.inputs, {"o": [right.outputs["o"][0] ^ 1]})
    with pytest.raises(BenchError, match=r"o\[0\]: .* came, and .* was expected"):
        run_pysim(MeanCode(4, 16), [wrong])
