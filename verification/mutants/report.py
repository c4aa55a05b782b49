# SPDX-License-Identifier: MIT
"""The page of a run: mutants by block and by rule, and every survivor with its line."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sim.report.tables import markdown_table
from verification.mutants.rules import RULES

__all__ = ["Result", "page"]

STATES = ("killed", "stillborn", "same", "equivalent", "survived")


@dataclass(frozen=True)
class Result:
    """A mutant that was tried: its names, and one of the `STATES`."""

    id: str
    before: str
    after: str
    state: str
    detail: str = ""

    @property
    def module(self) -> str:
        return self.id.split(":")[0]

    @property
    def rule(self) -> str:
        return self.id.split(":")[2]


def page(results: Sequence[Result], made: Mapping[str, int], arguments: Mapping[str, str]) -> str:
    """Return the page in Markdown.

    Parameters
    ----------
    results : sequence of Result
        What was tried.
    made : mapping of str to int
        Mutants that the rules make, by block, tried or not.
    arguments : mapping of str to str
        Why a mutant is equivalent, by its id.
    """
    tried = Counter(result.module for result in results)
    missing = [f"`{name}` ({tried[name]} of {n})" for name, n in made.items() if tried[name] < n]
    survivors = [result for result in results if result.state == "survived"]
    argued = [result for result in results if result.state == "equivalent"]
    return "\n\n".join([
        "# Mutants of the hardware",
        ("Each mutant is a module of `rtl/` with one small fault, made by rule. The bench "
        "of its block runs on it, on Amaranth's simulator, until a test fails. `make mutants` goes "
        "on with those that are left and writes this page anew; with `--thorough`, counts and "
        "proofs are tried on those that pass the bench. Modules that only calculate what others "
        "build, as `lead` does, have no hardware of their own, and no mutants."),
        f"{len(results)} of {sum(made.values())} mutants were tried. {_rate(results)}",
        "**Not run, or not to the end:** " + (", ".join(missing) or "none") + ".",
        ("*Stillborn* mutants do not elaborate in any test. *Same* ones pass, and give the RTLIL "
        "of the original in every bench. *Equivalent* ones are argued below. None of the three "
        "counts in the rate."),
        "## By block", _table("block", results, lambda result: result.module),
        "## By rule", _table("rule", results, lambda result: result.rule),
        *(f"- `{name}`: {what}." for name, what in RULES.items()),
        "## Survivors", "\n".join(map(_line, survivors)) or "None.",
        "## Equivalent, argued",
        "\n".join(f"{_line(result)}: {arguments[result.id]}" for result in argued) or "None.",
    ]) + "\n"  # fmt: skip


def _line(result: Result) -> str:
    return f"- `{result.id}`: `{result.before}` became `{result.after}`"


def _rate(results: Sequence[Result]) -> str:
    states = Counter(result.state for result in results)
    whole = states["killed"] + states["survived"]
    return (
        f"Killed: {states['killed']} of {whole} ({100 * states['killed'] / max(whole, 1):.1f} %)."
    )


def _table(title: str, results: Sequence[Result], key: Callable[[Result], str]) -> str:
    rows = []
    for name in [*dict.fromkeys(map(key, results)), ""]:
        chosen = [result for result in results if not name or key(result) == name]
        states = Counter(result.state for result in chosen)
        whole = states["killed"] + states["survived"]
        rate = f"{100 * states['killed'] / whole:.1f}" if whole else "-"
        counts = [str(states[state]) for state in STATES]
        rows.append([f"`{name}`" if name else "all", str(len(chosen)), *counts, rate])
    return markdown_table([title, "tried", *STATES, "killed %"], rows)
