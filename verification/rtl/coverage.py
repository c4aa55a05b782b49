# SPDX-License-Identifier: MIT
"""What the benches of a test run tried, and which situations they met: a page a person can read.

Every bench leaves a line: block, simulator, parameters, cycles, and how often its streams flowed,
waited and were made to wait. A step of a bench says which situations it meets, as the golden model
has them, and counts once the bench has passed; what only the cycles tell is noted with `cover` from
the trace. All that ought to be met is listed in `POINTS`; what was not is named as a hole.
"""

from collections import Counter, defaultdict
from typing import Any

__all__ = ["LINES", "POINTS", "cover", "record", "summary"]

#: Lines of this test run; those of its other processes come when they end.
LINES: list[dict[str, Any]] = []

#: Situations that a full run of the benches must meet, by block.
POINTS: dict[str, tuple[str, ...]] = {
    "bernoulli": (
        "all codes of q = 8, each against all numbers",
        "r == m below the middle", "r == m from the middle on",
        "serial: decided by the first plane", "serial: equal to the last plane",
        "serial: lanes that do not count",
    ),
    "chip": (
        "in: program", "in: weights", "in: thresholds", "in: picture", "in: picture to learn",
        "in: append", "in: learn", "in: class thresholds", "in: seeds", "in: count",
        "in: command", "in: costs", "in: picture to count", "in: picture to learn to count",
        "in: class under its number", "in: removal", "in: basis",
        "in: head command", "in: head rows", "in: head exemplar", "in: picture to train",
        "in: neuron of the head", "in: latent neuron of the head",
        "head: classify", "head: learn", "head: clear", "head: read", "head: read hidden",
        "head: refused",
        "head: classify what is drawn", "head: learn what is drawn",
        "dropped: unknown target", "dropped: rows that are not there",
        "dropped: neuron that is not there", "dropped: class that is not there",
        "dropped: slot that is not there", "dropped: streams that are not there",
        "dropped: K above 255", "dropped: exponent that is not there",
        "dropped: head that is not there",
        "words missing", "words too many",
        "out: result", "out: features", "out: exemplar", "out: latent", "out: answer",
        "out: head answer", "out: head rows",
        "out: ended by a soft reset", "out: made to wait",
        "error: packet", "error: draw", "error: overflow", "error: unknown", "error: refused",
        "error: full", "error: empty", "error: closed", "error: nameless",
        "error: stranger", "error: command", "error: basis",
        "request drawn with a basis", "request drawn before a basis",
        "interrupt: error", "interrupt: waiting", "interrupt: sent", "interrupt: picture",
        "interrupt: learned", "interrupt: drawn", "interrupt: appended",
        "interrupt: counted", "interrupt: closed", "interrupt: batch",
        "SLVERR: read-only register written", "SLVERR: no register, written",
        "SLVERR: no register, read", "SLVERR: some of the bytes written",
        *(
            f"{reset} reset: {operation} under way"
            for reset in ("soft", "hard")
            for operation in (
                "load", "append", "picture", "draw", "learn", "recall", "close", "answer",
                "train", "basis", "compare",
            )
        ),
    ),
    "class_counter": (
        "exemplar counted", "exemplar of a slot that is not open", "exemplar one too many",
        "class closed", "mean on a tie", "mean of one half", "mean of 1",
        "slot that is not open closed", "class without exemplars closed",
        "slot reopened", "slot reopened that never was open", "slot opened that is open",
    ),
    "collector": (
        "shuffle", "groups that share a tile", "tile across words", "tile not full",
        "strip of several pixels", "strip not full", "nothing from unit 1",
    ),
    "correlated": (
        "basis loaded", "basis refused for a loading", "basis refused for a sum", "highest scale",
        "exponent waits for beats", "request waits for a basis",
        "request of an unknown class", "lanes past D", "request of a removed class",
        "class replaced between requests", "another reader waits",
        "row read while a basis comes",
    ),
    "cwr": (
        "mean on a tie", "mean below 0", "tie rounded down", "tie rounded up",
        "weight above the highest", "weight below the lowest", "class never seen",
        "count at its largest", "lanes past F", "sum refused", "mix refused",
    ),
    "divider": ("tie", "whole", "nothing"),
    "first_rows": (
        "highest weight", "lowest weight", "lanes past D", "class that is not there",
    ),
    "gather": (
        "last word has a rest", "last word ends a gathered one", "gathered word not full",
        "tile not full",
    ),
    "head": ("tie won by the lower class", "a class not seen yet would have won"),
    "hidden_layer": ("sum of 0", "every input agrees", "no input agrees"),
    "hidden_trainer": (
        "latent weight at its highest", "latent weight at its lowest",
        "sum within the window", "sum beyond the window",
    ),
    "index_code": (
        "one code", "first index of zeros", "indices wrap around", "task before", "task behind",
        "task of more bits than the index", "request taken with the last code",
    ),
    "latent_buffer": (
        "slot filled", "exemplar dropped", "exemplar replaced", "request refused",
    ),
    "lfsr": (
        "recovery from zero", "recovery from a loaded zero", "held", "whole period",
        "seed loaded while a word is used", "seed loaded while none is",
    ),
    "low_rank": (
        "tie won by the lower class", "tie within a class", "no class", "lanes past D",
        "several components", "removed class passed over", "all classes removed",
        "cost below 0", "class projected again", "class projected that is not there",
    ),
    "march": (
        "no cell fails", "cell stuck at 0", "cell stuck at 1", "part without a failure",
        "counter at its highest", "start while it runs",
    ),
    "mean_code": ("0", "1", "middle", "a little more than the middle", "tie"),
    "mvu": (
        "every input agrees", "no input agrees", "count wraps",
        "limit equals count, polarity 1", "limit equals count, polarity 0",
        "limit of zero", "limit out of reach",
        "noise in lanes that do not count", "word without a lane that counts",
        "tiles of one step back to back", "held in mid tile", "no step offered in mid tile",
        "write in mid tile", "write between tiles",
        "rows of weights serve several tiles", "fewer tiles than accumulators",
    ),
    "online_mixture": (
        "component begun", "tie of components", "later component wins", "majority on a tie",
        "handicap changes the winner", "handicap below 0 that is rounded",
        "exemplar whose winner is full", "exemplar of a slot that is not open",
        "class of fewer components closed", "class of all components closed",
        "threshold on a tie", "class without exemplars closed", "slot that is not open closed",
    ),
    "network": (
        "padding", "groups", "shuffle", "shuffle in the weights", "depthwise", "pool", "dense",
        "no head", "head without hidden neurons", "head with hidden neurons", "head on a map",
        "features sent and classified", "tie of logits", "a class not seen yet would have won",
        "second picture waits", "words to load wait for a picture",
        "map read while pixels come", "windows gathered", "windows not gathered",
        "both units have a tile", "a last tile has no partner",
    ),
    "pool": (
        "window of one word", "window of zeros", "window with one bit", "lane set in all words",
    ),
    "protected_memory": (
        "wrong bit read", "two wrong bits read", "row read and written at once",
        "row written back", "two wrong bits found",
    ),
    "prototype_classifier": (
        "tie won by the lower class", "tie within a class", "no class", "lanes past D",
        "highest cost", "several components", "removed class passed over", "all classes removed",
        "tables in turn", "turn past D",
    ),
    "prototype_rows": (
        "word corrected", "word uncorrected", "rows written after a self-test",
    ),
    "prototypes": (
        "refused: components", "refused: classes", "refused: components a class", "memory full",
        "lanes past D cleared", "class replaced", "class removed",
        "class put in the place of a removed one", "refused: another K",
        "refused: number left out",
    ),
    "quotient": ("half", "above one half", "below one half", "one digit"),
    "root": ("square", "one below a square"),
    "sampler": (
        "request of an unknown class", "request of a removed class", "lanes past D",
        "row appended between beats", "class replaced between requests", "another reader waits",
    ),
    "scale": ("highest", "between"),
    "selector": (
        "removed class passed over", "round robin wraps around", "last component",
        "first and last class by weight",
    ),
    "softmax": ("one class", "all logits alike", "highest distance"),
    "thermometer": ("code crosses words", "darkest", "brightest"),
    "trainer": (
        "words", "weight at its highest", "weight at its lowest",
        "tie of the largest sum", "tie won by the lower class",
        "exemplar of an unknown class", "batch without an exemplar",
    ),
    "window": (
        "padding", "group begins within a word", "depthwise", "strip of several pixels",
        "strip not full", "words that need no weights",
    ),
    "xnor": (
        "all lanes agree", "no lane agrees", "no lane counts", "one lane counts", "held",
    ),
}  # fmt: skip


def record(
    block: str, simulator: str, parameters: str, *, cycles: int, transfers: int, stalls: int
) -> None:
    """Note a bench that has passed."""
    LINES.append({
        "block": block, "simulator": simulator, "parameters": parameters, "cycles": cycles,
        "transfers": transfers, "stalls": stalls,
    })  # fmt: skip


def cover(point: str, hits: int = 1) -> None:
    """Note that a situation, ``block: situation``, was met `hits` times."""
    block, _, situation = point.partition(": ")
    if situation not in POINTS.get(block, ()):
        raise KeyError(f"{point!r} is no situation of a block: list it in POINTS")
    if hits:
        LINES.append({"block": block, "point": situation, "hits": int(hits)})


def summary(lines: list[dict[str, Any]]) -> str:
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
