# SPDX-License-Identifier: MIT
"""What every section of a configuration is: checked, unchangeable, with no unknown key in it."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """Base of all sections."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
