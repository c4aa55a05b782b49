# SPDX-License-Identifier: MIT
"""What the parts of an ``exploration.json`` are: checked, unchangeable, open to later keys."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Part"]


class Part(BaseModel):
    """Base of all parts; keys that later versions may add are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)
