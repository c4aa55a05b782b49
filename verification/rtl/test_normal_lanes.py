# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from itertools import product

import numpy as np
import pytest

from golden.correlated import noise_table, threshold_table
from golden.params import CorrelatedSamplerParams, PrototypesParams
from rtl.normal_lanes import NormalLanes
from rtl.quantiles import noise_rows, threshold_rows
from verification.rtl.engine import Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim


def params(q: int, lanes: int, rank: int, n_f: int = 3) -> CorrelatedSamplerParams:
    memory = PrototypesParams(features=lanes, code_width=q, lanes=lanes)
    return CorrelatedSamplerParams(prototypes=memory, rank=rank, loading_width=8, factor_width=n_f)


@pytest.mark.parametrize("q", [1, 2, 5, 8, 10])
def test_tables_are_the_upper_halves_of_those_of_golden(q: int) -> None:
    half = 2 ** (q - 1)
    assert noise_rows(q) == noise_table(q)[half:].tolist()
    assert [-1 - n for n in reversed(noise_rows(q))] == noise_table(q)[:half].tolist()
    marks = threshold_table(q)
    assert threshold_rows(q)[:-1] == marks[half:-1].tolist()
    assert [-u for u in reversed(threshold_rows(q)[:-1])] == marks[1:half].tolist()


def packed(values: list[int], width: int) -> int:
    return sum(value % 2**width << width * n for n, value in enumerate(values))


class Bench:
    """Steps of one cycle each, with the bits that golden's tables give, so much later."""

    def __init__(self, p: CorrelatedSamplerParams) -> None:
        self.params, self.dut = p, NormalLanes(p)
        self.steps: list[Step] = []
        self.due: list[dict[str, int]] = []  # bits of the groups under way
        self.scales = 0

    def compare(self, group: int, lanes: list[tuple[int, int, int, int]], e: int) -> None:
        """Compare the lanes of a group: code, word, sum, scale; the other lanes hold noise."""
        p, q = self.params, self.params.prototypes.code_width
        width, first = p.lanes_compared, group * p.lanes_compared
        row = [[(n * 37 + 5) % 2**q for n in range(p.prototypes.lanes)] for _ in range(2)]
        bits = 0
        for place, (code, word, total, scale) in enumerate(lanes):
            row[0][first + place], row[1][first + place] = code, word
            mark = int(threshold_table(q)[code])
            u = (abs(mark) * (64 + scale) + 32) // 64 * (1 if mark > 0 else -1)
            bits |= ((total << e) + int(noise_table(q)[word]) < u) << place
        pins = {
            "en": 1,
            "valid": 1,
            "codes": packed(row[0], q),
            "words": packed(row[1], q),
            "group": group,
            "sums": packed([lane[2] for lane in lanes], p.sum_width),
            "scales": self.scales,
            "exponent": e,
        }
        self._step(pins, {"bits": bits})
        self.scales = packed([lane[3] for lane in lanes] + [0] * (width - len(lanes)), 8)

    def hold(self) -> None:
        """Let a cycle pass in which no step is taken, whatever the inputs are."""
        others = {"codes": 1, "words": 2, "sums": 3, "scales": 4, "group": self._other_group()}
        self.steps.append(Step(pins={**others, "en": 0}, cycles=1))

    def pass_over(self) -> None:
        """Take a step without a group: its bits are any."""
        others = {"codes": 5, "words": 6, "sums": 7, "group": self._other_group()}
        self._step({**others, "scales": self.scales, "en": 1, "valid": 0}, {})
        self.scales = 8

    def flush(self) -> list[Step]:
        for _ in range(self.dut.latency):
            self.pass_over()
        return self.steps

    def _step(self, pins: dict[str, int], bits: dict[str, int]) -> None:
        reads = self.due.pop(0) if len(self.due) == self.dut.latency else {}
        self.due.append(bits)
        self.steps.append(Step(pins=pins, reads=reads, cycles=1))

    def _other_group(self) -> int:
        groups = -(-self.params.prototypes.lanes // self.params.lanes_compared)
        return (self.steps[-1].pins["group"] + 1) % groups if self.steps else 0


def edges(p: CorrelatedSamplerParams, code: int, word: int, scale: int, e: int) -> list[int]:
    """Return the largest sum that gives a 1 and the next one, as far as sums reach."""
    q = p.prototypes.code_width
    mark = int(threshold_table(q)[code])
    u = (abs(mark) * (64 + scale) + 32) // 64 * (1 if mark > 0 else -1)
    largest = (u - int(noise_table(q)[word]) - 1) >> e
    most = p.rank * p.factor_width * p.highest_loading
    return [max(-most, min(most, total)) for total in (largest, largest + 1)]


def bench(p: CorrelatedSamplerParams, e: int, seed: int, pairs: list[tuple[int, int]]) -> Bench:
    made, rng = Bench(p), np.random.default_rng(seed)
    width = p.lanes_compared
    lanes = []
    for code, word in pairs:
        scale = int(rng.choice([0, 255, rng.integers(256)]))
        lanes += [(code, word, total, scale) for total in edges(p, code, word, scale, e)]
    groups = -(-p.prototypes.lanes // width)
    for n in range(0, len(lanes) - width + 1, width):
        group = n // width % groups
        made.compare(group, lanes[n : n + min(width, p.prototypes.lanes - group * width)], e)
        for pause in (made.hold, made.pass_over):
            if rng.integers(4) == 0:
                pause()
    made.flush()
    return made


SETS = {
    "q1": (params(1, 3, 2), 0),
    "q2_all_lanes": (params(2, 4, 1), 3),
    "q3_groups": (params(3, 9, 4), 2),
    "q4_one_lane": (params(4, 5, 5), 6),
}


@pytest.mark.parametrize("name", SETS)
def test_all_codes_and_words_at_the_edges_of_their_sums(name: str) -> None:
    p, e = SETS[name]
    numbers = range(2**p.prototypes.code_width)
    made = bench(p, e, 1, list(product(numbers, numbers)))
    run_pysim(made.dut, made.steps)


@pytest.mark.parametrize("e", [0, 1, 15])
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_some_codes_in_verilog(simulator: str, e: int) -> None:
    p, rng = params(8, 7, 3, 16), np.random.default_rng(e)
    pairs = [(int(a), int(b)) for a, b in rng.integers(0, 256, (150, 2))]
    made = bench(p, e, 2, [(0, 255), (255, 0), (127, 127), (128, 128), *pairs])
    run_cocotb(made.dut, made.steps, simulator=simulator)
