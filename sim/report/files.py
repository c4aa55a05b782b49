# SPDX-License-Identifier: MIT
"""Files of a report: JSON, figures whose bytes are always the same."""

import io
import json
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

__all__ = ["figure_bytes", "json_text"]

_RESOLUTION = 110  # dots an inch of the figures


def json_text(results: Mapping[str, Any]) -> str:
    """Return an object in JSON, one line a key; with one line a number, matrices take millions."""
    lines = [
        f" {json.dumps(key)}: {json.dumps(value, allow_nan=False)}"
        for key, value in results.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def figure_bytes(figure: Figure) -> bytes:
    """Return a figure as a PNG file."""
    buffer = io.BytesIO()
    # Leave out the software version, so that the same figure has the same bytes.
    figure.savefig(buffer, format="png", dpi=_RESOLUTION, metadata={"Software": None})
    return buffer.getvalue()
