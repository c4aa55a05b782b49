# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What a chip does to count, close and name classes, held to the hardware."""

import numpy as np
import pytest

from golden.bits import pack
from golden.params import ChipParams
from rtl.catalogue import BLOCKS
from rtl.class_slots import Operation
from sim.cost.counts import chip, prototype_classifier, sampler
from sim.cost.counts.tally import Action, Tally
from verification.rtl.counted_classes import close_class
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import counters_of
from verification.rtl.test_learner import CHIP, COMPETING, MEMORY, Bench, Pair, beats_of


def counted(seed: int, params: ChipParams = CHIP) -> tuple[Counted, list[Step]]:
    """Return a learner with its sampler, and a bench that ends with its strobes."""
    rng, bench = np.random.default_rng(seed), Bench("likelihood", params)
    dut, k = Counted(Pair(params)), params.slot_components
    rows = len(bench.table())
    loaded = prototype_classifier.load(bench.params, rows)
    tally = loaded.within("learner.prototype_classifier")
    steps = [Step(inputs={"table": bench.table()})]
    # The first class is closed, then learned on and closed again, and the others follow.
    for label, what in enumerate((Operation.OPEN, Operation.REOPEN, *[Operation.OPEN] * 3)):
        number, again = max(0, label - 1), int(what == Operation.REOPEN)
        exemplars, pictures = (rng.integers(0, 2, (n, MEMORY.features)) for n in (4, 2))
        if again:
            bench.counter.reopen(0)
        else:
            bench.counter.open(0, number)
        bench.counter.learn(pack(exemplars), [0] * 4)
        assert close_class(bench.counter, bench.memory, 0)
        requests = [number] * 3
        before = bench.sampler.planes_read
        drawn, (answers, _) = bench.drawn(requests), bench.answered(pictures)
        steps += [
            Step(inputs={"commands": bench.command(what, number)}, cycles=5),
            Step(inputs={"exemplars": beats_of(exemplars, 1)}, cycles=5),
            Step(inputs={"commands": bench.command(Operation.CLOSE)}, cycles=250 * k),
            Step(inputs={"pictures": beats_of(pictures, 4)}, outputs={"answer": answers}),
            Step(inputs={"i": requests}, outputs={"o": drawn}),
        ]
        n, planes = bench.memory.n_classes, bench.sampler.planes_read - before
        # Components that compete begin with the first exemplars; a slot that learns on begins none.
        tally += chip.count(params, 4, begun=0 if again or params.mixture is None else k)
        tally += chip.close(params, appended=1 - again, replaced=again, components=k)
        tally += chip.answer(params, 2, classes=n, components=k * n)
        tally += sampler.draw(params.sampler, 3, planes, shared=True).within("sampler")
    return dut, [*steps, Step(cycles=5, reads=counters_of(tally, dut.counters))]


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled", "patient"])
def test_strobes_are_those_counted_whatever_the_pauses(pauses: str) -> None:
    run_pysim(*counted(0), PAUSES[pauses])


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_strobes_of_competing_components_are_those_counted(pauses: str) -> None:
    dut, steps = counted(2, COMPETING)
    reads = steps[-1].reads
    assert all(count for name, count in reads.items() if "online_mixture" in name)
    run_pysim(dut, steps, PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_strobes_in_verilog(simulator: str) -> None:
    run_cocotb(*counted(1), PAUSES["idle_stalled"], simulator=simulator)


def test_a_chip_without_a_block_has_no_such_actions() -> None:
    bare = BLOCKS["chip"].arguments("tiny")["params"]
    bare = type(bare)(accelerator=bare.accelerator, sampler=bare.sampler, latent=bare.latent)
    with pytest.raises(ValueError, match="Chip must count classes: slots must be above 0"):
        chip.count(bare, 1)
    with pytest.raises(ValueError, match="Chip must have a classifier by prototypes"):
        chip.answer(bare, 1, classes=1, components=1)
    assert not any(memory.component.startswith("learner") for memory in chip.memories(bare))


def test_a_chip_closes_and_begins_no_more_components_than_compete() -> None:
    for params, components in ((CHIP, 2), (COMPETING, 3), (COMPETING, 0)):
        most = params.slot_components
        message = f"Components of a closed class must be 1 to {most}, .* not {components}"
        with pytest.raises(ValueError, match=message):
            chip.close(params, appended=1, replaced=0, components=components)
    for params, begun, most in ((CHIP, 1, 0), (COMPETING, 5, 4), (COMPETING, -1, 4)):
        message = f"Exemplars that begin a component must be 0 to {most}, not {begun}"
        with pytest.raises(ValueError, match=message):
            chip.count(params, 4, begun=begun)
    assert chip.count(COMPETING, 4, begun=4)
    assert chip.close(COMPETING, appended=1, replaced=0, components=2)


def test_a_replaced_class_costs_a_look_up_more() -> None:
    new, again = (chip.close(CHIP, appended=a, replaced=1 - a) for a in (1, 0))
    entry = Action("sampler.prototypes.table", "read")
    differing = Tally({a: again[a] - new[a] for a in again if again[a] > new[a]})
    assert {a._replace(width=1): n for a, n in differing.items()} == {entry: 1}
