# SPDX-License-Identifier: MIT
"""Mutation testing of the hardware: ``python -m verification.mutants [--block NAME ...]``."""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from sim.work.files import write_whole
from verification.mutants.benches import benches_of, others_of
from verification.mutants.order import Order
from verification.mutants.reach import ROOT, reached_from
from verification.mutants.report import Result, page
from verification.mutants.rules import RULES, Mutant, mutants_of
from verification.mutants.trial import Outcome, try_source

__all__ = ["all_mutants", "argued_now", "arguments_of_equivalence", "judged", "main"]

EQUIVALENT = Path(__file__).with_name("equivalent.yaml")
LONG = 1800  # seconds for the original, and for counts and proofs
PATIENCE = 3  # times the original, in seconds and in cycles, before a mutant has come to a stop


def main(arguments: Sequence[str] | None = None) -> None:
    """Try the mutants of a command line, and write the page of all that were ever tried."""
    mutants = all_mutants()
    options = _parse(arguments, sorted({mutant.module for mutant in mutants}))
    argued = arguments_of_equivalence()
    chosen = [
        mutant
        for mutant in mutants
        if (not options.block or mutant.module in options.block)
        and (not options.rule or mutant.rule in options.rule)
        and not (options.unargued and mutant.id in argued)
    ][: options.limit]
    # The child processes fork with these imported, which takes most of a short bench.
    import amaranth.sim  # noqa: F401

    import verification.conftest  # noqa: F401

    for module in dict.fromkeys(mutant.module for mutant in chosen):
        left = [m for m in chosen if m.module == module and not _file(options.work, m).exists()]
        if left:
            _try_block(module, left, argued, options.work, options.jobs, options.thorough)
    made: dict[str, int] = {}
    results = []
    for mutant in mutants:
        made[mutant.module] = made.get(mutant.module, 0) + 1
        if (path := _file(options.work, mutant)).exists():
            results.append(argued_now(Result(**json.loads(path.read_text())), argued))
    write_whole(options.out, page(results, made, argued).encode())


@cache
def all_mutants() -> tuple[Mutant, ...]:
    """Return the mutants of all modules of `rtl/` that have a bench."""
    paths = [path for path in sorted((ROOT / "rtl").glob("*.py")) if benches_of(path.stem)]
    return tuple(mutant for path in paths for mutant in mutants_of(path.stem, path.read_text()))


def arguments_of_equivalence() -> dict[str, str]:
    """Return why a mutant is equivalent, by its id."""
    return YAML(typ="safe").load(EQUIVALENT.read_text()) or {}


def judged(mutant: Mutant, outcome: Outcome, argued: Mapping[str, str], known: Set[str]) -> Result:
    """Return what an outcome says of a mutant; known are the designs of the original."""
    if outcome.state == "passed":
        state = "same" if outcome.designs <= known else "survived"
    else:
        state = "stillborn" if outcome.state == "broken" else "killed"
    detail = outcome.detail or outcome.state
    return argued_now(Result(mutant.id, mutant.before, mutant.after, state, detail), argued)


def argued_now(result: Result, argued: Mapping[str, str]) -> Result:
    """Return a kept result with what is argued now: arguments come after the survivors."""
    if result.state not in ("survived", "equivalent"):
        return result
    return replace(result, state="equivalent" if result.id in argued else "survived")


def _try_block(
    module: str,
    mutants: list[Mutant],
    argued: Mapping[str, str],
    work: Path,
    jobs: int,
    thorough: bool,
) -> None:
    tests = benches_of(module)
    source = (ROOT / "rtl" / f"{module}.py").read_text()
    original = try_source(module, source, tests, LONG)
    if original.state != "passed":
        # Nothing can be said of its faults, but much of those of other modules.
        sys.stderr.write(f"{module}: left out, its tests fail without a fault: {original.detail}\n")
        return
    if not original.quiet:
        # Nothing was simulated, so that no fault could show.
        sys.stderr.write(f"{module}: left out, because its bench needs a compiled model\n")
        return
    sys.stderr.write(f"{module}: {len(mutants)} mutants, {original.seconds:.0f} s a bench\n")
    limit, patience = int(PATIENCE * original.seconds) + 30, PATIENCE * original.quiet + 100
    order, known = Order(original.tests), original.designs

    def one(mutant: Mutant) -> None:
        outcome = try_source(module, mutant.source, tests, limit, patience, order.first(), known)
        order.note(outcome.detail)
        if outcome.state == "passed" and outcome.designs - known and thorough:
            more = try_source(module, mutant.source, others_of(module), LONG)
            outcome = outcome if more.state == "passed" else more
        if outcome.state == "lost":  # neither killed nor survived: the next call tries it again
            sys.stderr.write(f"{mutant.id}: the process ended without an answer\n")
            return
        result = judged(mutant, outcome, argued, known)
        sys.stderr.write(f"{mutant.id}: {result.state} ({outcome.seconds:.1f} s)\n")
        write_whole(_file(work, mutant), json.dumps(asdict(result)).encode())

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, mutants))


def _file(work: Path, mutant: Mutant) -> Path:
    """Return where the result of a mutant is kept, as long as all that decides it is the same."""
    digest = hashlib.sha256(mutant.source.encode())
    digest.update(_surroundings(mutant.module))
    work.mkdir(parents=True, exist_ok=True)
    return work / f"{mutant.id.replace(':', '-')}-{digest.hexdigest()[:16]}.json"


@cache
def _surroundings(module: str) -> bytes:
    """Return a digest of a block's benches, and of what they and it import of this project."""
    digest = hashlib.sha256()
    for path in sorted(reached_from([ROOT / "rtl" / f"{module}.py", *benches_of(module)])):
        if path.stem != module or path.parent.name != "rtl":
            digest.update(path.read_bytes())
    return digest.digest()


def _parse(arguments: Sequence[str] | None, blocks: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verification.mutants", description=__doc__)
    parser.add_argument("--block", nargs="+", action="extend", choices=blocks, help="these alone")
    parser.add_argument("--rule", nargs="+", action="extend", choices=RULES, help="these alone")
    parser.add_argument(
        "--unargued", action="store_true", help="those alone of which nobody says why they survive"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="the first N mutants")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time")
    parser.add_argument(
        "--thorough", action="store_true", help="counts and proofs, too, on what the bench passes"
    )
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build/mutants", metavar="DIR", help="kept results"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "reports/rtl/mutants.md", metavar="FILE", help="the page"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
