# SPDX-License-Identifier: MIT
"""The cost of rows that begin from means, and of CWR* after a task (contract, 12)."""

from fractions import Fraction

from golden.params import CwrParams
from sim.cost.configuration import CostConfig
from sim.cost.counts import cwr, first_rows, trainer
from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.heads import trainer_of
from sim.cost.phases import Phase

__all__ = ["beginning", "consolidation", "row_memories"]

_ROWS = "consolidated"  # memory of the rows cw of all classes


def beginning(config: CostConfig) -> Phase:
    """Return the making of the first rows of a class, from codes as the class counter gives them.

    The trainer takes a row in the cycle in which it is offered, and has no hidden layer.
    """
    params, q = trainer_of(config), config.chip.sampler.prototypes.code_width
    rows = trainer.write_rows(params, params.beats).within("trainer")
    return Phase(
        name="begin the rows of a class",
        unit="class",
        tally=first_rows.begin(params, q, 1).within("first_rows") + rows,
        cycles=Fraction(first_rows.begin_cycles(params, 1)),
        note="beside the close of the class, which takes longer",
    )


def consolidation(config: CostConfig) -> Phase:
    """Return the consolidation of the rows of a task, whose average is that of all of them.

    The trainer's rows are read twice, to sum and to mix. New rows go to the trainer and to their
    own memory.
    """
    params, own, classes = trainer_of(config), _params(config), config.task.classes
    lanes, rows = params.lanes, classes * params.beats
    width = lanes * int(params.backward_width)
    moved = trainer.read_rows(params, 2 * rows) + trainer.write_rows(params, rows)
    kept = Tally({Action(_ROWS, "read", width): rows, Action(_ROWS, "write", width): rows})
    mixed = cwr.add(own, lanes, classes) + cwr.mix(own, lanes, classes, 1)
    cycles = cwr.add_cycles(own, lanes, classes) + cwr.mix_cycles(own, lanes, classes, 1)
    return Phase(
        name="consolidate a task, CWR*",
        unit="task",
        tally=mixed.within("cwr") + moved.within("trainer") + kept,
        cycles=Fraction(cycles),
        note=f"{classes} classes; rows that come as fast as they are taken",
    )


def row_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories that both need beside the trainer's.

    Behind a hidden layer no rows begin from means.
    """
    params, q = trainer_of(config), config.chip.sampler.prototypes.code_width
    width = params.lanes * int(params.backward_width)
    begun = () if params.hidden else first_rows.memories(params, q)
    return (
        *(memory.within("first_rows") for memory in begun),
        *(memory.within("cwr") for memory in cwr.memories(_params(config))),
        Memory(_ROWS, params.rows, width),
    )


def _params(config: CostConfig) -> CwrParams:
    """Return the parameters of CWR* for the rows of the trainer."""
    params = trainer_of(config)
    return CwrParams(classes=params.classes, inputs=params.concat, width=int(params.backward_width))
