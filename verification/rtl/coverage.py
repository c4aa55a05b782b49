# SPDX-License-Identifier: MIT
"""What the benches of a test run tried, and which situations they met: a page a person can read.

Every bench leaves a line: block, simulator, parameters, cycles, and how often its streams flowed,
waited and were made to wait. Tests add the situations that only they can see with `cover`. All that
ought to be met is listed in `POINTS`; what was not is named as a hole.
"""

import json
import os
from collections import Counter, defaultdict
from pathlib import Path

__all__ = ["FOLDER", "POINTS", "clear", "cover", "read", "record", "summary"]

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "build" / "benches"  # a file of lines a process, so that tests run side by side

#: Situations that a full run of the benches must meet, by block.
POINTS: dict[str, tuple[str, ...]] = {
    "bernoulli": (
        "all codes of q = 8", "r == m below the middle", "r == m from the middle on",
        "serial: decided by the first plane", "serial: equal to the last plane",
    ),
    "collector": ("shuffle", "groups that share a tile"),
    "head": ("tie won by the lower class", "a class not seen yet would have won"),
    "latent_buffer": (
        "slot filled", "exemplar dropped", "exemplar replaced", "request refused",
    ),
    "lfsr": ("recovery from zero", "held", "whole period"),
    "prototypes": (
        "refused: components", "refused: classes", "refused: components a class", "memory full",
        "lanes past D cleared",
    ),
    "sampler": ("request of an unknown class", "lanes past D", "append between requests"),
    "selector": ("round robin wraps around", "last component", "first and last class by weight"),
    "thermometer": ("code crosses words", "darkest", "brightest"),
    "window": ("padding", "group across words", "depthwise"),
}  # fmt: skip


def record(
    block: str, simulator: str, parameters: str, *, cycles: int, transfers: int, stalls: int
) -> None:
    """Note a bench that has ended."""
    _append({
        "block": block, "simulator": simulator, "parameters": parameters, "cycles": cycles,
        "transfers": transfers, "stalls": stalls,
    })  # fmt: skip


def cover(block: str, point: str, hits: int = 1) -> None:
    """Note that a bench met a situation, `hits` times."""
    if point not in POINTS[block]:
        raise KeyError(f"{point!r} is no point of {block}: list it in POINTS")
    _append({"block": block, "point": point, "hits": int(hits)})


def clear() -> None:
    """Forget all earlier benches."""
    for file in FOLDER.glob("*.jsonl"):
        file.unlink()


def read() -> list[dict]:
    """Return the lines of all benches."""
    files = sorted(FOLDER.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def summary(lines: list[dict]) -> str:
    """Return the page, in Markdown."""
    runs = defaultdict(list)
    hits: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if "point" in line:
            hits[line["block"], line["point"]] += line["hits"]
        else:
            runs[line["block"], line["simulator"]].append(line)
    rows = [
        "# What the benches of the hardware tried and met",
        "",
        "Written by `pytest -m 'not slow' verification/rtl --bench-report FILE`. Parameters",
        "drawn at random count once each; a stalled cycle is one in which a payload waited.",
        "",
        "| block | simulator | benches | parameter sets | cycles | transfers | stalled cycles |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (block, simulator), found in sorted(runs.items()):
        sums = [
            f"{sum(line[key] for line in found):,}" for key in ("cycles", "transfers", "stalls")
        ]
        sets = len({line["parameters"] for line in found})
        rows.append(
            " | ".join([f"| {block}", simulator, f"{len(found):,}", f"{sets:,}", *sums]) + " |"
        )
    rows += ["", "| block | situation | met |", "| --- | --- | --- |"]
    for block, points in POINTS.items():
        rows += [f"| {block} | {p} | {hits[block, p] or '**never**'} |" for p in points]
    holes = [f"{b}: {p}" for b, points in POINTS.items() for p in points if not hits[b, p]]
    rows += ["", "Holes: " + ("; ".join(holes) if holes else "none") + "."]
    return "\n".join(rows) + "\n"


def _append(line: dict) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
