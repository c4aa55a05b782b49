# SPDX-License-Identifier: MIT
"""Types of values that the sections of several heads share."""

from typing import Annotated

from pydantic import Field

__all__ = ["Balance"]

#: Samples of a past class for one of a present class.
Balance = Annotated[float, Field(gt=0, le=256, multiple_of=1 / 16)]
