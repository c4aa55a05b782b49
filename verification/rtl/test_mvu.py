# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack
from golden.dense import Dense
from golden.params import DenseParams, MvuParams, XnorParams
from golden.xnor import Xnor
from rtl.mvu import Mvu, step_layout, threshold_layout, tile_layout, weight_layout
from verification.rtl.coverage import cover
from verification.rtl.engine import PAUSES, Pauses, Step, Trace
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared

TAG = 6


@dataclass(frozen=True)
class Folded:
    """Dense layer on the rows of a unit: tile after tile of neurons, word after word of inputs.

    After them come `blank` words of which no lane counts.
    """

    unit: MvuParams
    layer: Dense
    rng: np.random.Generator
    blank: int = 0

    @property
    def words(self) -> int:
        return -(-self.layer.params.inputs // self.unit.simd) + self.blank

    @property
    def tiles(self) -> int:
        return -(-self.layer.params.outputs // self.unit.pe)

    def load(self) -> Step:
        """Write all rows; neurons past the last have weights 1 and never fire."""
        p, layer = self.unit, self.layer.params
        weights = np.ones((self.tiles * p.pe, self.words * p.simd), np.uint8)
        weights[: layer.outputs, : layer.inputs] = self.layer.weights
        rows, limits = [], []
        for neuron, row in enumerate(weights):
            tile, pe = divmod(neuron, p.pe)
            for n, word in enumerate(row.reshape(self.words, p.simd)):
                write = {"row": tile * self.words + n, "pe": pe, "data": _integer(word)}
                rows.append(payload(weight_layout(p), write))
            limit, polarity = self._threshold(neuron)
            limits.append(payload(threshold_layout(p), {
                "tile": tile, "pe": pe, "limit": limit, "polarity": polarity,
            }))  # fmt: skip
        return Step(inputs={"weights": rows, "thresholds": limits})

    def _threshold(self, neuron: int) -> tuple[int, int]:
        layer, never = self.layer, 2**self.unit.count_width
        if neuron >= layer.params.outputs:
            return never, 1
        theta = 0 if layer.thresholds is None else int(layer.thresholds[neuron])
        polarity = 1 if layer.polarity is None else int(layer.polarity[neuron])
        return min(max(-(-(layer.params.inputs + theta) // 2), 0), never), polarity

    def run(self, *strip: np.ndarray) -> Step:
        """Pass input vectors in turns, one a slot; what the masks leave out is noise."""
        p, inputs = self.unit, self.layer.params.inputs
        padded = self.rng.integers(0, 2, (len(strip), self.words * p.simd), np.uint8)
        padded[:, :inputs] = strip
        mask = np.arange(self.words * p.simd) < inputs
        steps = [
            self._step(tile, n, slot, x, mask)
            for tile in range(self.tiles)
            for n in range(self.words)
            for slot, x in enumerate(padded)
        ]
        noise = self.tiles * int(padded[:, ~mask].sum())
        meets = Counter({
            "mvu: noise in lanes that do not count": noise,
            "mvu: word without a lane that counts": self.tiles * self.blank,
            "mvu: rows of weights serve several tiles": self.tiles * (len(strip) - 1),
            "mvu: fewer tiles than accumulators": len(strip) < p.weight_reuse,
        })  # fmt: skip
        for x in strip:
            meets.update(self._situations(x))
        tiles = zip(*map(self._tiles, strip, range(len(strip))), strict=True)
        return Step(
            inputs={"i": steps},
            outputs={"o": [tile for of_strip in tiles for tile in of_strip]},
            meets=dict(meets),
        )

    def _step(self, tile: int, n: int, slot: int, x: np.ndarray, mask: np.ndarray) -> int:
        """Return a step of a tile; what nobody may look at is noise."""
        p, rng = self.unit, self.rng
        lanes = slice(n * p.simd, (n + 1) * p.simd)
        last, reads = n == self.words - 1, slot == 0
        step = {
            "x": _integer(x[lanes]), "mask": _integer(mask[lanes]), "last": last,
            "weight": tile * self.words + n if reads else int(rng.integers(p.weight_depth)),
            # The rows of thresholds and the tags of other steps do not count.
            "tile": tile if last and reads else int(rng.integers(p.tile_depth)),
            "tag": (tile + slot) % 2**TAG if last else int(rng.integers(2**TAG)),
        }  # fmt: skip
        return payload(step_layout(p, TAG), step | ({"slot": slot} if p.weight_reuse > 1 else {}))

    def _agree(self, x: np.ndarray) -> np.ndarray:
        xnor = Xnor(XnorParams(inputs=self.layer.params.inputs))
        return xnor.agree(pack(x[np.newaxis]), self.layer.packed_weights)[0]

    def _situations(self, x: np.ndarray) -> dict[str, int]:
        agree, inputs = self._agree(x), self.layer.params.inputs
        rows = [self._threshold(neuron) for neuron in range(self.layer.params.outputs)]
        limits, polarity = (np.array(column) for column in zip(*rows, strict=True))
        situations = {
            "every input agrees": agree == inputs,
            "no input agrees": agree == 0,
            "limit equals count, polarity 1": (limits == agree) & (polarity == 1),
            "limit equals count, polarity 0": (limits == agree) & (polarity == 0),
            "limit of zero": limits == 0,
            "limit out of reach": limits > inputs,
        }
        return {f"mvu: {name}": int(met.sum()) for name, met in situations.items()}

    def _tiles(self, x: np.ndarray, slot: int = 0) -> list[int]:
        p, layer = self.unit, self.layer.params
        unused, agree = self.tiles * p.pe - layer.outputs, self._agree(x)
        counts = np.concatenate([agree, np.full(unused, x.sum())]).reshape(self.tiles, p.pe)
        bits = np.concatenate([self.layer.forward(x), np.zeros(unused, np.uint8)])
        return [
            payload(tile_layout(p, TAG), {
                "counts": [*map(int, counts[tile])], "bits": _integer(fired),
                "tag": (tile + slot) % 2**TAG,
            })
            for tile, fired in enumerate(bits.reshape(self.tiles, p.pe))
        ]  # fmt: skip


def _integer(bits: np.ndarray) -> int:
    return sum(int(bit) << lane for lane, bit in enumerate(bits))


def folded(
    pe: int, simd: int, inputs: int, outputs: int, seed: int = 0, blank: int = 0, reuse: int = 1
) -> Folded:
    """Fold a random layer over a unit that just holds it, with thresholds unless `seed` is odd."""
    rng, thresholds = np.random.default_rng(seed), seed % 2 == 0
    sizes = DenseParams(inputs=inputs, outputs=outputs, thresholds=thresholds)
    weights = rng.integers(0, 2, sizes.weight_shape, np.uint8)
    theta = polarity = None
    if thresholds:
        # Some of them beyond what a dot product reaches.
        theta = rng.integers(-inputs - 2, inputs + 3, outputs).astype(np.int32)
        theta[0] = rng.choice([-(2**31), 2**31 - 1, theta[0]])
        polarity = rng.integers(0, 2, outputs, np.uint8)
    tiles, words = -(-outputs // pe), -(-inputs // simd) + blank
    unit = MvuParams(
        pe=pe, simd=simd, weight_depth=tiles * words, tile_depth=tiles,
        count_width=inputs.bit_length(), weight_reuse=reuse,
    )  # fmt: skip
    return Folded(unit, Dense(sizes, weights, theta, polarity), rng, blank)


def bench(fold: Folded, vectors: int) -> list[Step]:
    inputs, reuse = fold.layer.params.inputs, fold.unit.weight_reuse
    x = fold.rng.integers(0, 2, (vectors, inputs), np.uint8)
    return [fold.load(), *(fold.run(*x[n : n + reuse]) for n in range(0, vectors, reuse))]


def observe(fold: Folded, trace: Trace) -> None:
    """Note what only the cycles tell of a bench that was not reset, of a unit with one slot."""
    taken = trace.transfers["i"]
    tiles = [(taken[n], taken[n + fold.words - 1]) for n in range(0, len(taken), fold.words)]
    mid = {cycle for first, last in tiles for cycle in range(first + 1, last)}
    pairs = [(last, first) for (_, last), (first, _) in pairwise(tiles)]
    between = {cycle for last, first in pairs for cycle in range(last + 1, first)}
    writes = {*trace.transfers["weights"], *trace.transfers["thresholds"]}
    waits = zip(trace.offered["o"], trace.transfers["o"], strict=True)
    held = {cycle for offered, left in waits for cycle in range(offered, left)}
    close = sum(first == last + 1 for last, first in pairs)
    cover("mvu: tiles of one step back to back", close if fold.words == 1 else 0)
    cover("mvu: held in mid tile", len(mid & held))
    cover("mvu: no step offered in mid tile", len(mid - held - writes - set(taken)))
    cover("mvu: write in mid tile", len(mid & writes))
    cover("mvu: write between tiles", len(between & writes))


@settings(max_examples=50)
@given(
    pe=st.integers(1, 4),
    simd=st.integers(1, 9),
    inputs=st.integers(1, 24),
    outputs=st.integers(1, 9),
    seed=st.integers(0, 1000),
    blank=st.integers(0, 1),
    pauses=st.sampled_from(sorted(PAUSES)),
)
def test_dense_layers_equal_golden(
    pe: int, simd: int, inputs: int, outputs: int, seed: int, blank: int, pauses: str
) -> None:
    fold = folded(pe, simd, inputs, outputs, seed, blank)
    observe(fold, run_pysim(Mvu(fold.unit, TAG), bench(fold, vectors=2), PAUSES[pauses]))


@settings(max_examples=30)
@given(
    pe=st.integers(1, 3),
    simd=st.integers(1, 9),
    inputs=st.integers(1, 24),
    outputs=st.integers(1, 9),
    seed=st.integers(0, 1000),
    reuse=st.sampled_from([2, 4, 8]),
    pauses=st.sampled_from(sorted(PAUSES)),
)
def test_tiles_in_turns_equal_golden(
    pe: int, simd: int, inputs: int, outputs: int, seed: int, reuse: int, pauses: str
) -> None:
    """Strips of P tiles, then one of P - 1: the accumulators are those of the tile that began."""
    fold = folded(pe, simd, inputs, outputs, seed, reuse=reuse)
    run_pysim(Mvu(fold.unit, TAG), bench(fold, vectors=3 * reuse - 1), PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_tiles_in_turns_in_verilog(pauses: Pauses, simulator: str) -> None:
    fold = folded(pe=4, simd=64, inputs=200, outputs=14, reuse=4)
    dut = shared(Mvu, fold.unit, TAG)
    run_cocotb(dut, bench(fold, vectors=7), pauses, simulator=simulator)


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_any_pauses_in_verilog(pauses: Pauses, simulator: str) -> None:
    fold = folded(pe=4, simd=64, inputs=200, outputs=14)
    steps = bench(fold, vectors=3)
    dut = shared(Mvu, fold.unit, TAG)
    observe(fold, run_cocotb(dut, steps, pauses, simulator=simulator))


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_one_neuron_of_one_lane_in_verilog(simulator: str) -> None:
    fold = folded(pe=1, simd=1, inputs=5, outputs=7, blank=1)
    run_cocotb(Mvu(fold.unit, TAG), bench(fold, vectors=4), simulator=simulator)


def test_a_lone_row_in_memories_of_one_row() -> None:
    fold = folded(pe=3, simd=8, inputs=8, outputs=3)
    run_pysim(Mvu(fold.unit, TAG), bench(fold, vectors=5))


@pytest.mark.parametrize("pauses", ["stalled", "idle_stalled"])
def test_tiles_of_one_step_wait_with_their_own_thresholds(pauses: str) -> None:
    for seed in range(0, 8, 2):
        fold = folded(pe=2, simd=8, inputs=8, outputs=24, seed=seed)
        for waits in range(3):
            how = replace(PAUSES[pauses], seed=waits)
            observe(fold, run_pysim(Mvu(fold.unit, TAG), bench(fold, vectors=2), how))


def test_writes_hold_the_steps_and_lose_none() -> None:
    fold = folded(pe=2, simd=8, inputs=20, outputs=12)
    load, run = bench(fold, vectors=1)
    for pauses in PAUSES.values():
        # What is written is there already; the tiles are taken at any time.
        both = Step(inputs={**load.inputs, **run.inputs}, outputs=run.outputs)
        trace = run_pysim(Mvu(fold.unit, TAG), [load, both, run], pauses)
        observe(fold, trace)
        writes = set(trace.transfers["weights"]) | set(trace.transfers["thresholds"])
        assert not writes & set(trace.transfers["i"])
        assert trace.stalls["weights"] == trace.stalls["thresholds"] == 0


@pytest.mark.parametrize("inputs", [8, 20])
def test_a_step_a_cycle_and_latency(inputs: int) -> None:
    fold = folded(pe=2, simd=8, inputs=inputs, outputs=12)
    dut = Mvu(fold.unit, TAG)
    trace = run_pysim(dut, bench(fold, vectors=1))
    observe(fold, trace)
    taken, words = trace.transfers["i"], fold.words
    assert len(taken) == 6 * words
    assert trace.gaps("i") == {dut.interval}
    assert trace.offered["o"] == [cycle + dut.latency for cycle in taken[words - 1 :: words]]


@pytest.mark.parametrize("inputs", [8, 20])
def test_tiles_in_turns_come_one_a_cycle(inputs: int) -> None:
    fold = folded(pe=2, simd=8, inputs=inputs, outputs=12, reuse=4)
    dut = Mvu(fold.unit, TAG)
    trace = run_pysim(dut, bench(fold, vectors=4))
    assert trace.gaps("i") == {dut.interval}
    last = [
        cycle
        for n, cycle in enumerate(trace.transfers["i"])
        if n // 4 % fold.words == fold.words - 1
    ]
    assert trace.offered["o"] == [cycle + dut.latency for cycle in last]


def test_rows_may_change_once_they_are_read() -> None:
    """A step of another slot uses the row that slot 0 read, whatever was written since."""
    fold = folded(pe=2, simd=8, inputs=8, outputs=2, reuse=2)
    load, run = bench(fold, vectors=2)
    others = Folded(fold.unit, Dense(
        fold.layer.params, 1 - fold.layer.weights, fold.layer.thresholds, fold.layer.polarity
    ), fold.rng).load()  # fmt: skip
    first, second = run.inputs["i"]
    run_pysim(Mvu(fold.unit, TAG), [
        load,
        Step(inputs={"i": [first]}, cycles=1),
        Step(inputs=others.inputs),
        Step(inputs={"i": [second]}, outputs=run.outputs),
    ])  # fmt: skip


@pytest.mark.parametrize("agree", [7, 8, 19])
def test_a_count_beyond_its_width_wraps(agree: int) -> None:
    unit = MvuParams(pe=1, simd=8, weight_depth=1, tile_depth=1, count_width=3)
    row = payload(weight_layout(unit), {"row": 0, "pe": 0, "data": 0xFF})
    limit = {"tile": 0, "pe": 0, "limit": 4, "polarity": 1}
    masks = [0xFF] * (agree // 8) + [2 ** (agree % 8) - 1]
    steps = [
        payload(step_layout(unit, TAG), {
            "x": 0xFF, "mask": mask, "weight": 0, "last": n == len(masks) - 1, "tile": 0, "tag": 5,
        })
        for n, mask in enumerate(masks)
    ]  # fmt: skip
    tile = {"counts": [agree % 8], "bits": int(agree % 8 >= 4), "tag": 5}
    run_pysim(Mvu(unit, TAG), [
        Step(inputs={
            "weights": [row], "thresholds": [payload(threshold_layout(unit), limit)],
        }),
        Step(
            inputs={"i": steps},
            outputs={"o": [payload(tile_layout(unit, TAG), tile)]},
            meets={"mvu: count wraps": agree >= 8},
        ),
    ])  # fmt: skip


@pytest.mark.parametrize("tag", [0, -3])
def test_a_tag_without_bits_is_refused(tag: int) -> None:
    with pytest.raises(ValueError, match=rf"^MVU tag bits must be an integer >= 1, not {tag}$"):
        Mvu(MvuParams(), tag)


@pytest.mark.parametrize(("simd", "latency"), [(1, 5), (8, 9), (64, 15)])
def test_latency_of_usual_sizes(simd: int, latency: int) -> None:
    assert Mvu(MvuParams(pe=1, simd=simd), TAG).latency == latency


@pytest.mark.parametrize("reuse", [1, 2])
def test_reset_drops_the_steps_inside_and_keeps_the_rows(reuse: int) -> None:
    fold = folded(pe=2, simd=4, inputs=12, outputs=2, reuse=reuse)
    load, run = bench(fold, vectors=reuse)
    for inside in range(1, 12):
        # Steps of tiles that never end, so deep in the pipeline when the reset comes.
        endless = (run.inputs["i"][:reuse] * inside)[:inside]
        steps = [load, Step(inputs={"i": endless}), Step(reset=True), run]
        run_pysim(Mvu(fold.unit, TAG), steps)
