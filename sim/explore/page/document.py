# SPDX-License-Identifier: MIT
"""The page: one file of HTML. Its script draws the exploration, which is embedded as JSON.

The page fetches nothing, and no text of the exploration becomes markup or code. Text in the HTML
is escaped. The script reads the rest as JSON, in which no character can end the script element,
and turns it into text nodes. A Content-Security-Policy lists the hashes of the only style sheet
and the only script that may take effect, and it forbids every request.
"""

import json
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from sim.explore.found.recommend import Recommendation
from sim.explore.page.exploration import Exploration, Trial

__all__ = ["html_page"]

_FOLDER = Path(__file__).parent

# In the order of the page: each builds on those before it.
_STYLES = ("tokens", "layout", "scatter", "parallel", "table", "chosen", "print")
_SCRIPTS = (
    "model",
    "store",
    "elements",
    "scales",
    "scatter_axes",
    "places",
    "scatter_marks",
    "scatter",
    "parallel",
    "table",
    "chosen",
    "controls",
    "main",
)

# Characters that could end a script element or, in old parsers, a line of it.
_HARMLESS = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def html_page(exploration: Exploration) -> str:
    """Return the page of an exploration. Equal explorations give equal pages.

    Parameters
    ----------
    exploration : Exploration

    Returns
    -------
    str
        HTML 5 that can be encoded as UTF-8.
    """
    style = "\n".join(_read(f"styles/{name}.css") for name in _STYLES)
    parts = "\n".join(_read(f"scripts/{name}.js") for name in _SCRIPTS)
    script = f'(() => {{\n"use strict";\n{parts}}})();\n'
    return Template(_read("template.html")).substitute(
        policy=_policy(style, script),
        style=style,
        script=script,
        data=_embedded(exploration),
        title=_text(exploration.title),
        verdict=_text(_pretty(exploration.verdict)),
        recommendations="\n".join(map(_card, exploration.recommended)),
        facts=_facts(exploration),
        about=_text(exploration.data),
        command=_text(exploration.command),
        front=_front_table(exploration),
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    rules = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",  # the icon, which the template holds
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def _embedded(exploration: Exploration) -> str:
    absent = None if exploration.supply else {"supply"}  # as in the file
    text = json.dumps(exploration.model_dump(mode="json", exclude=absent), separators=(",", ":"))
    return text.translate(_HARMLESS)


def _text(value: object) -> str:
    return escape(str(value), quote=True)


def _pretty(text: str) -> str:
    return text.replace("<=", "≤").replace(">=", "≥").replace("mm2", "mm²")


def _card(recommendation: Recommendation) -> str:
    number = "" if recommendation.trial is None else f' data-trial="{recommendation.trial}"'
    return (
        f'<li class="card"{number}><h3>{_text(_pretty(recommendation.budget))}</h3>'
        f'<p class="sentence">{_text(_pretty(recommendation.sentence))}</p></li>'
    )


def _facts(exploration: Exploration) -> str:
    """Return the facts of an exploration as the items of a description list."""
    states = [trial.state for trial in exploration.trials]
    facts = {
        "Trials": f"{len(states):,}",
        "On the front": f"{len(exploration.front):,}",
        "Pruned": f"{states.count('pruned'):,}",
        "Infeasible": f"{states.count('infeasible'):,}",
        "Failed": f"{states.count('failed'):,}",
        "Within": _pretty(", ".join(exploration.constraints)) or "no constraint",
        "Made": _moment(exploration.made),
        "engram": exploration.engram,
    }
    return "\n".join(
        f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>"
        for name, value in facts.items()
        if value != "0"
    )


def _moment(text: str) -> str:
    """Return an ISO 8601 time to the minute; return any other text unchanged."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text


def _front_table(exploration: Exploration) -> str:
    """Return the front as a table for browsers that run no script."""
    heads = [f"{objective.label} ({objective.unit})" for objective in exploration.objectives]
    return _row("th", ["trial", "design", *heads]) + "".join(
        _row("td", _cells(exploration, trial)) for trial in exploration.front
    )


def _cells(exploration: Exploration, trial: Trial) -> list[object]:
    values = [trial.values.get(objective.name) for objective in exploration.objectives]
    shown = ["-" if value is None else f"{value:.4g}" for value in values]
    return [trial.number, trial.label, *shown]


def _row(kind: str, cells: list[object]) -> str:
    return f"<tr>{''.join(f'<{kind}>{_text(cell)}</{kind}>' for cell in cells)}</tr>\n"
