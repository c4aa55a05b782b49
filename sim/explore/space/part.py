# SPDX-License-Identifier: MIT
"""Base of the parts of an ``exploration.json``: they are checked and immutable."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Part"]


class Part(BaseModel):
    """Base of all parts. It ignores unknown keys, which later versions may add."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)
