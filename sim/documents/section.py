# SPDX-License-Identifier: MIT
"""What every section of a configuration is: checked, unchangeable, with no unknown key in it."""

import hashlib
import json
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """Base of all sections.

    Attributes
    ----------
    beside : frozenset of str
        Keys that decide no result: the digest leaves them out.
    digests_nulls : bool
        Whether the text that is digested holds keys without a value, and a blank after every comma
        and colon. Configurations of what learns from images do; all others have neither.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    beside: ClassVar[frozenset[str]] = frozenset()
    digests_nulls: ClassVar[bool] = False

    def document(self) -> dict[str, Any]:
        """Return the section as plain data, defaults filled in, keys without a value left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def digest(self, **more: Any) -> str:
        """Return the SHA-256, in hexadecimal, of all in the section that decides results.

        Reports, banks and cards hold such digests, so the text that is digested must not change.

        Parameters
        ----------
        more
            Plain data that decide the results, too; each takes the place of the key of its name.
        """
        nulls = self.digests_nulls
        about = self.model_dump(mode="json", exclude=set(self.beside), exclude_none=not nulls)
        separators = None if nulls else (",", ":")
        text = json.dumps(about | more, sort_keys=True, separators=separators)
        return hashlib.sha256(text.encode()).hexdigest()
