# SPDX-License-Identifier: MIT
"""Vectors of the prototypes: their memory, the sampler and the selector."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from golden.params import PrototypesParams, SamplerParams
from golden.prototypes import Prototypes
from golden.sampler import Sampler
from golden.selector import Selector, cumulative_thresholds
from sim.vectors.table import Field, Table, beats_table, label_width, lane_rows, lanes_word

__all__ = ["prototypes", "sampler", "selector"]

_COUNT_WIDTH, _THRESHOLD_WIDTH = 8, 16  # bits of K and of a mixing threshold (contract, 5)


def sampler(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return the vectors of a sampler: its memory, requests of all classes, and the beats.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params: SamplerParams = arguments["params"]
    golden, p = Sampler(params), params.prototypes
    headers, rows = _random_classes(golden.prototypes, rng)
    labels = rng.integers(golden.prototypes.n_classes, size=count).tolist()
    beats = [beat for label in labels for beat in golden.beats(label)]
    label = Field("label", label_width(p.classes), "class")
    return [
        _headers_table(p, "setup", headers, "Append one class for each word, in order."),
        _rows_table(p, "setup", rows, "The rows of these classes, in order: K * B for each."),
        Table(
            name="requests",
            role="stimulus",
            fields=[label],
            rows=[(each,) for each in labels],
            use="Request an exemplar of the class: M exemplars of one component.",
        ),
        beats_table(p.lanes, label, beats, "The beats of all requests, in order, beat-major."),
    ]


def prototypes(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return the vectors of a prototype memory: writes, of which some are refused.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params: PrototypesParams = arguments["params"]
    golden = Prototypes(params)
    headers, rows, answers = [], [], []
    for _ in range(count):
        n, most = golden.n_classes, params.class_components
        # Append a class, write one that is there, or name any number, also one that is too high.
        label = (n, int(rng.integers(n + 1)), int(rng.integers(params.classes + 1)))
        label = label[int(rng.choice(3, p=(0.5, 0.4, 0.1)))]
        components = int(rng.integers(0 if label != n else 1, min(most + 1, 255) + 1))
        if components:
            codes = rng.integers(2**params.code_width, size=(components, params.features))
            thresholds = _thresholds(components, rng)
            taken = golden.write(label, codes, thresholds)
            rows += _codes_rows(params, codes)
        else:
            thresholds = []
            taken = golden.remove(label)
        kept = thresholds[: max(1, most - 1)]
        headers.append((components, _thresholds_word(kept), label))
        answers.append((int(taken), int(golden.overflow), golden.n_classes, golden.n_components))
    memory = [(row,) for row in golden.rows()[: golden.n_components * params.beats]]
    answer = [
        Field("taken", 1, "0: refused, and nothing changed but the flag"),
        Field("overflow", 1, "error flag"),
        Field("n_classes", label_width(params.classes + 1), "classes in the table"),
        Field("n_components", label_width(params.components + 1), "components in use"),
    ]
    return [
        _headers_table(
            params,
            "stimulus",
            headers,
            "Write the class `label`; K = 0 removes it. A K above the largest is to be refused, "
            "and its later thresholds are left out.",
            editable=True,
        ),
        _rows_table(
            params,
            "stimulus",
            rows,
            "The rows of every write with K > 0, K * B each; also if refused.",
        ),
        Table(
            name="answers", role="expected", fields=answer, rows=answers, use="After each write."
        ),
        _rows_table(
            params, "expected", memory, "The memory after all writes, from row 0 on.", name="memory"
        ),
    ]


def selector(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return the vectors of a selector: classes of requests, and components of one class.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params, p = arguments["params"], arguments["prototypes"]
    golden = Selector(params)
    tables = []
    if params.mode == "weighted":
        golden.set_class_weights(rng.dirichlet(np.ones(p.classes)))
        tables.append(
            Table(
                name="class_thresholds",
                role="setup",
                fields=[Field("threshold", _THRESHOLD_WIDTH, "C_i")],
                rows=[(int(c),) for c in golden.class_thresholds],
                use="Cumulative thresholds of the classes, lowest first.",
            )
        )
    labels = golden.request(p.classes, count)
    thresholds = [_thresholds(int(rng.integers(1, p.class_components + 1)), rng) for _ in labels]
    components = [golden.component(np.array(each, np.uint16)) for each in thresholds]
    wide = max(1, p.class_components - 1)
    return [
        *tables,
        Table(
            name="labels",
            role="expected",
            fields=[Field("label", label_width(p.classes), "class of the request")],
            rows=[(int(label),) for label in labels],
            use=f"The classes of the first {count} requests, with {p.classes} in the table.",
        ),
        Table(
            name="mixtures",
            role="stimulus",
            fields=[
                Field("count", _COUNT_WIDTH, "K"),
                Field("thresholds", _THRESHOLD_WIDTH * wide, "c_i in 16 bits each, lowest first"),
            ],
            rows=[(len(each) + 1, _thresholds_word(each)) for each in thresholds],
            use="Choose a component of a class with K - 1 thresholds; others count for nothing.",
        ),
        Table(
            name="components",
            role="expected",
            fields=[Field("component", label_width(p.class_components), "component, from 0")],
            rows=[(component,) for component in components],
            use="The component that each mixture of `mixtures` gives.",
        ),
    ]


def _random_classes(
    memory: Prototypes, rng: np.random.Generator
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Fill a memory with classes; return their headers and rows."""
    p = memory.params
    headers, rows = [], []
    while memory.n_classes < p.classes and memory.n_components < p.components:
        most = min(p.class_components, p.components - memory.n_components)
        components = int(rng.integers(1, most + 1))
        codes = rng.integers(2**p.code_width, size=(components, p.features))
        thresholds = _thresholds(components, rng)
        memory.append(codes, thresholds)
        headers.append((components, _thresholds_word(thresholds)))
        rows += _codes_rows(p, codes)
    return headers, rows


def _thresholds(components: int, rng: np.random.Generator) -> list[int]:
    """Return the thresholds of a mixture with random weights."""
    return cumulative_thresholds(rng.dirichlet(np.ones(components))).tolist()


def _thresholds_word(thresholds: list[int]) -> int:
    return lanes_word(thresholds, _THRESHOLD_WIDTH)


def _codes_rows(params: PrototypesParams, codes: np.ndarray) -> list[tuple[int, ...]]:
    """Return the rows of components, shape (K, D)."""
    return [row for each in codes for row in lane_rows(each, params.lanes, params.code_width)]


def _headers_table(
    p: PrototypesParams, role: Any, rows: list[tuple[int, ...]], use: str, editable: bool = False
) -> Table:
    wide = max(1, p.class_components - 1)
    own = [Field("label", label_width(p.classes + 1), "number of the class")] if editable else []
    fields = [
        Field("count", _COUNT_WIDTH, "K, components of the class"),
        Field("thresholds", _THRESHOLD_WIDTH * wide, "K - 1 of 16 bits each, lowest first"),
        *own,
    ]
    return Table(name="headers", role=role, fields=fields, rows=rows, use=use)


def _rows_table(
    p: PrototypesParams, role: Any, rows: list[tuple[int, ...]], use: str, name: str = "rows"
) -> Table:
    codes = Field("codes", p.row_width, f"lane l in bits {p.code_width}l and up")
    return Table(name=name, role=role, fields=[codes], rows=rows, use=use)
