# SPDX-License-Identifier: MIT
"""Explorations as `engram explore` leaves them, made up: same arguments, same trials."""

import json
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = 100
OBJECTIVES = [
    ("accuracy", "average incremental accuracy", "%", "maximize"),
    ("bits", "memory of the past", "Mb", "minimize"),
    ("energy", "energy to learn a class", "µJ", "minimize"),
    ("area", "area of chip and memory", "mm2", "minimize"),
    ("latency", "time to learn a class", "ms", "minimize"),
]
METHODS = {
    "gbm": {"components": [1, 2, 4, 8], "code_width": range(1, 13)},
    "latent": {"exemplars": [1, 2, 3, 5, 8, 12, 20, 35, 60]},
    "herded": {"exemplars": [1, 2, 3, 5, 8, 12, 20, 35, 60]},
    "likelihood": {"code_width": range(1, 13)},
}
HARDWARE = {"pe": [8, 16, 32, 64], "lanes": [16, 32, 64], "mode": ["serial", "parallel"]}
SYMBOLS = {"components": "K", "code_width": "q", "exemplars": "E"}
LIMITS = {"bits": 6.0, "area": 2.4}
YAML = """\
# Trial {number}: {label}
title: Point of a design space
data: {{name: digits}}
tasks: {{base: 4, increment: 3}}
head: {{epochs: 2}}
methods:
  - {entry}
seeds: 3
"""


def exploration(trials: int = 240, seed: int = 0, **changes: Any) -> dict[str, Any]:
    """Return an exploration of so many trials; `changes` replace its keys."""
    rng = np.random.default_rng(seed)
    made = [trial(number, draw(rng), rng) for number in range(1, trials)]
    chip = {"hardware.pe": 64, "hardware.lanes": 32, "hardware.mode": "serial"}
    paper = {"replay": "gbm", "gbm.components": 1, "gbm.code_width": 8, "features": 1024, **chip}
    made.insert(0, trial(0, paper, rng) | {"reference": True})
    mark_front([one for one in made if one["state"] == "complete"])
    keys = ("name", "label", "unit", "direction")
    return {
        "title": "What to remember of CIFAR-100 in a few bits",
        "command": f"engram explore cifar100 --trials {trials} --jobs 2 --out build/explore",
        "engram": "0.1.0",
        "made": "2026-11-21 17:30 UTC",
        "data": "cifar100, embeddings of 1024 bits, 50 + 10 x 5 classes",
        "verdict": (
            "Generative Binary Memory leads below 1 Mb; beyond, herded embeddings come within a "
            "point of it at a third of the energy."
        ),
        "objectives": [dict(zip(keys, objective, strict=True)) for objective in OBJECTIVES],
        "constraints": ["bits <= 6 Mb", "area <= 2.4 mm2"],
        "parameters": parameters(),
        "trials": made,
        "recommended": [recommend(made, budget) for budget in (0.25, 1, 4)],
        "sensitivity": sensitivity(),
        **changes,
    }


def write(folder: Path, content: Any) -> Path:
    """Write ``exploration.json`` into `folder` and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "exploration.json").write_text(json.dumps(content))
    return folder


def parameters() -> list[dict[str, Any]]:
    own = [f"{method}.{name}" for method, choices in METHODS.items() for name in choices]
    kinds = dict.fromkeys(["replay", "features"], "categorical")
    kinds |= {name: "categorical" if "components" in name else "int" for name in own}
    kinds |= {f"hardware.{name}": "categorical" for name in HARDWARE}
    return [
        {"name": name, "kind": kind, "log": name.endswith("exemplars")}
        for name, kind in kinds.items()
    ]


def draw(rng: np.random.Generator) -> dict[str, Any]:
    method = str(rng.choice(list(METHODS), p=[0.46, 0.2, 0.2, 0.14]))
    own = {
        f"{method}.{name}": rng.choice(values).item() for name, values in METHODS[method].items()
    }
    chip = {f"hardware.{name}": rng.choice(values).item() for name, values in HARDWARE.items()}
    return {"replay": method, **own, "features": int(rng.choice([256, 512, 1024])), **chip}


def trial(number: int, chosen: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    method = chosen["replay"]
    own = {name: chosen[f"{method}.{name}"] for name in METHODS[method]}
    label = f"{method} {', '.join(f'{SYMBOLS[k]} = {v}' for k, v in own.items())}"
    label = f"{label.replace('gbm', 'GBM')}, D = {chosen['features']}"
    cost = costs(chosen, own)
    static = {name: sum((s["value"] for s in shares), 0.0) for name, shares in cost.items()}
    reached = accuracy(method, own, chosen["features"]) + 0.35 * rng.normal()
    curve = [reached - 6.6 + 24 * 0.8**t + 0.4 * rng.normal() for t in range(11)]
    entry = ", ".join(f"{k}: {v}" for k, v in {"replay": method, **own}.items())
    made = {
        "number": number,
        "state": "complete",
        "label": label,
        "parameters": chosen,
        "values": {"accuracy": round(reached, 4), **static},
        "spread": {"accuracy": round(0.1 + 0.4 * rng.random(), 2)},
        "seeds": 3,
        "rung": 2,
        "front": False,
        "reference": False,
        "accuracy_by_task": [round(value, 2) for value in curve],
        "cost": cost,
        "violations": {},
        "message": "",
        "note": "",
        "seconds": round(6 + 4 * rng.random(), 1),
        "cache_hits": number % 5,
        "command": f"engram run trial-{number}.yaml --out build/trial-{number}",
        "yaml": YAML.format(number=number, label=label, entry="{" + entry + "}"),
    }
    return made | fate(made, static, rng.random())


def fate(made: dict[str, Any], static: dict[str, float], luck: float) -> dict[str, Any]:
    """Return what is other than of a complete trial."""
    if any(static[name] > limit for name, limit in LIMITS.items()):
        untried = {"seeds": 0, "rung": None, "accuracy_by_task": [], "spread": {}}
        excess = {f"bits <= {LIMITS['bits']:g} Mb": static["bits"] / LIMITS["bits"] - 1}
        return {"state": "infeasible", "values": static, "violations": excess, **untried}
    if luck < 0.02:
        return {"state": "failed", "values": {}, "spread": {}, "accuracy_by_task": [], "cost": {}}
    if luck < 0.3 and made["values"]["accuracy"] < 43:
        few = made["accuracy_by_task"][:3]
        return {"state": "pruned", "rung": 0, "seeds": 1, "spread": {}, "accuracy_by_task": few}
    return {}


def accuracy(method: str, own: dict[str, Any], features: int) -> float:
    best = 48.6 - 9.0 * (1024 - features) / 1024
    if "exemplars" in own:
        kept = own["exemplars"] + (2 if method == "herded" else 0)
        return best - 36 * 0.88 ** (6 * float(np.log2(kept + 0.6)))
    codes = 26 * 0.35 ** (own["code_width"] - 1)
    return best - codes + (0.7 * float(np.log2(own["components"])) if method == "gbm" else -1)


def costs(chosen: dict[str, Any], own: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    pe, lanes = chosen["hardware.pe"], chosen["hardware.lanes"]
    units = 2 if chosen["hardware.mode"] == "parallel" else 1
    drawn = 0.2 if "exemplars" in own else 1.0
    scale = chosen["features"] / 1024
    stored = int(np.prod(list(own.values())))
    bits = stored * chosen["features"] * CLASSES / 1e6
    parts = {
        "bits": {"prototypes" if drawn == 1 else "exemplars": bits, "labels": 0.0008},
        "energy": {
            "feature extractor": 131 + 0.2 * pe,
            "sampler": 21 * stored**0.5 * drawn * scale,
            "memory of the past": 9 * stored**0.7 * scale,
            "head, forward and back": 58 * scale,
            "leakage": 0.6 * pe / units + bits,
        },
        "area": {
            "matrix-vector unit": 0.006 * pe * (1 + units) / 2,
            "feature memories": 0.21 * scale,
            "memory of the past": 0.33 * bits,
            "sampler": 0.0019 * lanes * drawn,
            "control": 0.05,
        },
        "latency": {
            "feature extractor": 84 / pe,
            "replay": 1.9 * stored**0.3 * scale * 32 / lanes,
            "head": 2.3 * scale / units,
        },
    }
    return {
        objective: [{"name": name, "value": round(value, 5)} for name, value in shares.items()]
        for objective, shares in parts.items()
    }


def mark_front(complete: list[dict[str, Any]]) -> None:
    losses = np.array([list(one["values"].values()) for one in complete])
    losses[:, 0] *= -1
    for place, one in enumerate(complete):
        better = (losses <= losses[place]).all(axis=1) & (losses < losses[place]).any(axis=1)
        one["front"] = not better.any()


def recommend(trials: list[dict[str, Any]], budget: float) -> dict[str, Any]:
    fit = [t for t in trials if t["state"] == "complete" and t["values"]["bits"] <= budget]
    limit = f"bits <= {budget:g} Mb"
    if not fit:
        return {"budget": limit, "trial": None, "sentence": f"Nothing fits {budget:g} Mb."}
    best = max(fit, key=lambda one: one["values"]["accuracy"])
    values = best["values"]
    return {
        "budget": limit,
        "trial": best["number"],
        "sentence": (
            f"Within {budget:g} Mb take {best['label']}: {values['accuracy']:.1f} % for "
            f"{values['bits']:.2f} Mb and {values['energy']:.0f} µJ a class."
        ),
    }


def sensitivity() -> list[dict[str, Any]]:
    names = [parameter["name"] for parameter in parameters()]
    rng = np.random.default_rng(7)
    return [
        {"parameter": name, "objective": objective, "share": round(float(share), 4)}
        for objective, *_ in OBJECTIVES
        for name, share in zip(names, rng.dirichlet(np.full(len(names), 0.5)), strict=True)
    ]
