# SPDX-License-Identifier: MIT
"""JSON of the reports."""

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["json_text"]


def json_text(results: Mapping[str, Any]) -> str:
    """Return an object in JSON, one line a key; with one line a number, matrices take millions."""
    lines = [
        f" {json.dumps(key)}: {json.dumps(value, allow_nan=False)}"
        for key, value in results.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"
