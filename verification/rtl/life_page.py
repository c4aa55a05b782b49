# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Run the life of the full chip in Verilog, hold it to golden, and write what came out as a page.

``python -m verification.rtl.life_page --out reports/rtl/life.md``
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from rtl.output import Kind
from sim.hardware.simulation import Counts, check_outputs, simulate
from sim.hardware.simulator import SIMULATORS, Simulator
from sim.report.tables import markdown_table
from sim.work.files import write_whole
from verification.rtl.chip_script import OFFSETS
from verification.rtl.engine import BenchError
from verification.rtl.script_text import answers_of, expected_of, lines_of
from verification.rtl.shipped_life import (
    BASE,
    COUNTED,
    DRAWN,
    TASKS,
    TRAINED,
    ShippedLife,
)

__all__ = ["check_equal", "main", "run_life"]

ROOT = Path(__file__).parents[2]
PATIENCE = 2_000_000  # cycles; a batch takes a fifteenth of them, and no word moves meanwhile

_KINDS = {
    Kind.RESULT: "classes by the network's own head",
    Kind.FEATURES: "embeddings of pictures",
    Kind.EXEMPLAR: "exemplars drawn",
    Kind.ANSWER: "classes and costs by prototypes",
    Kind.HEAD_ANSWER: "classes and sums by the head that learns",
    Kind.HEAD_ROWS: "readings of all weights",
}
_HELD = "`pytest -m slow verification/rtl/test_shipped_life.py` holds the chip to this page"
_NAMED = """\
Test pictures and embeddings without those that the chip learned from. A picture of each class is \
too little to tell how good a classifier is; the embeddings are enough. The network's own head \
knows the classes of its training alone."""
_LEARNED = """\
Hits are exemplars whose class had the largest sum before the step, of all exemplars in the \
batches, drawn ones included."""
_COUNTERS = ("pictures", "counted", "trained", "batches", "hits", "answers", "answer_reads")


def run_life(life: ShippedLife, tell: Callable[[str], None] = print) -> Counts:
    """Run a life in Verilog to its end.

    Parameters
    ----------
    life : ShippedLife
    tell : callable
        Receives a line before the chip is compiled.

    Raises
    ------
    BenchError
        If a word or a register differs from that of the golden models.
    """
    program = Simulator(params=life.host.chip).build(tell, ROOT / SIMULATORS)
    with tempfile.TemporaryDirectory() as name:
        script, out = Path(name) / "life.hex", Path(name) / "out.hex"
        script.write_text("".join(f"{line}\n" for line in lines_of(life.host.operations)))
        counts = simulate(program, [str(script)], out=out, patience=PATIENCE)
        check_equal(answers_of(out.read_text()), expected_of(life.host.operations))
    return counts


def check_equal(answers: Mapping[str, list[Any]], expected: Mapping[str, list[Any]]) -> None:
    """Hold the answers of the chip to golden's, in their order.

    Raises
    ------
    BenchError
        With the kind and the place of the first that differs.
    """
    for kind in sorted({*answers, *expected}):
        found, wanted = answers.get(kind, []), expected.get(kind, [])
        for place, (one, other) in enumerate(zip(found, wanted, strict=False)):
            if one != other:
                raise BenchError(f"{kind} {place} is {one}, not {other}")
        if len(found) != len(wanted):
            raise BenchError(f"{kind}: {len(found)} came, not {len(wanted)}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the life and write its page."""
    parser = argparse.ArgumentParser(prog="python -m verification.rtl.life_page")
    parser.add_argument("--out", type=Path, metavar="FILE", required=True)
    options = parser.parse_args(arguments)
    check_outputs(options.out)
    console = Console()
    with console.status("golden ..."):
        life = ShippedLife()
    with console.status("the chip ..."):
        counts = run_life(life, console.print)
    command = f"python -m verification.rtl.life_page --out {options.out}"
    write_whole(options.out, page(life, counts, command))
    console.print(f"{options.out}: {counts.cycles:,} cycles in {counts.seconds:.0f} s")


def page(life: ShippedLife, counts: Counts, command: str) -> str:
    """Return the page, in Markdown."""
    expected = expected_of(life.host.operations)
    new = [life.shipped.names[label].replace("_", " ") for task in TASKS for label in task]
    about = (
        f"The full chip of the catalogue, with a head that learns, is simulated in Verilog and "
        f"driven through AXI alone. A host loads the shipped network, prototypes of the {BASE} "
        f"classes of its training, and first rows of the head. The chip then learns "
        f"{', '.join(new[:-1])} and {new[-1]} of CIFAR-100, which the network never saw, in tasks "
        f"of {', '.join(str(len(task)) for task in TASKS)}. It counts a picture and {COUNTED} "
        f"training embeddings of each. The host gives the head their first rows, and it learns "
        f"the picture and {TRAINED} of the embeddings once, in batches whose past the chip draws. "
        f"After each task the chip names another test picture of every class that it knows, and "
        f"its head the test embeddings of all of them."
    )
    held = (
        f"Every word that the chip sent equals that of the golden model, in "
        f"{counts.packets_out:,} packets, and so does every register that was read. After each "
        f"task {DRAWN:,} exemplars of each new class were drawn, to show its codes. A code that "
        f"is off by one changes a bit in a draw with a probability of 1/256, and escapes all of "
        f"them with {(1 - 1 / 256) ** DRAWN:.0%}."
    )
    took = (
        f"The life took {counts.cycles:,} cycles, {counts.packets_in:,} packets and "
        f"{counts.words_in:,} words in, and {counts.words_out:,} words out."
    )
    kinds = [(text, f"{len(expected[kind.name.lower()]):,}") for kind, text in _KINDS.items()]
    parts = (
        "# The life of the full chip with the shipped network",
        f"Written by `{command}`; {_HELD}.",
        about,
        held,
        "## What was named right",
        _looks(life),
        _NAMED,
        "## What the head learned",
        _hits(life),
        _LEARNED,
        "## What was compared",
        markdown_table(("packets", "number"), kinds),
        f"Beside them {len(expected['read'])} registers were read. Their last values:",
        markdown_table(("register", "value"), _counters(life)),
        took,
    )
    return "\n\n".join(parts) + "\n"


def _looks(life: ShippedLife) -> str:
    kinds = list(dict.fromkeys(who for look in life.looks for who in look.base))
    columns = ["moment", "classes"]
    columns += [f"{who}: {part}" for who in kinds for part in ("first 50", "later")]
    rows = [
        [
            look.moment,
            str(look.classes),
            *(_share(part.get(who)) for who in kinds for part in (look.base, look.new)),
        ]
        for look in life.looks
    ]
    return markdown_table(columns, rows)


def _share(found: tuple[int, int] | None) -> str:
    if found is None or not found[1]:
        return "-"
    right, asked = found
    return f"{right} of {asked} ({right / asked:.1%})"


def _hits(life: ShippedLife) -> str:
    rows = [
        (str(number), ", ".join(life.shipped.names[label].replace("_", " ") for label in task),
         str(count // life.host.chip.batch), f"{hits:,} of {count:,} ({hits / count:.1%})")
        for number, (task, (hits, count)) in enumerate(zip(TASKS, life.hits, strict=True), 1)
    ]  # fmt: skip
    return markdown_table(("task", "classes", "batches", "hits"), rows)


def _counters(life: ShippedLife) -> list[tuple[str, str]]:
    """Return the last value of each register that counts, as the chip gave it."""
    read = [arguments for name, *arguments in life.host.operations if name == "read"]
    last = dict(read)
    return [(f"`{name}`", f"{last[OFFSETS[name]]:,}") for name in _COUNTERS]


if __name__ == "__main__":
    main()
