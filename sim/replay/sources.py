# SPDX-License-Identifier: MIT
"""The table of all sources: those of engram, of installed packages, and of a user's files."""

from collections.abc import Iterator, Mapping

from sim.replay.base import ReplaySource
from sim.work.errors import UserError
from sim.work.plugins import REPLAY, offers

__all__ = ["Sources"]


class Sources(Mapping[str, type[ReplaySource]]):
    """Every source by name, in alphabetical order.

    The packages are loaded when the table is first read, not when engram is: a module that defines
    a source imports engram, and may be the first to do so.

    Raises
    ------
    UserError
        By the first use, if a package cannot be loaded or does not offer what it should.
    """

    def __init__(self) -> None:
        self._loaded = False

    def __getitem__(self, name: str) -> type[ReplaySource]:
        return self._known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._known()))

    def __len__(self) -> int:
        return len(self._known())

    def _known(self) -> dict[str, type[ReplaySource]]:
        if not self._loaded:
            self._loaded = True  # for a package that reads the table while it is loaded
            try:
                _load_packages()
            except UserError:
                self._loaded = False
                raise
        return ReplaySource.known


def _load_packages() -> None:
    for offer in offers(REPLAY):
        if getattr(offer.value, "name", None) != offer.name or not (
            isinstance(offer.value, type) and issubclass(offer.value, ReplaySource)
        ):
            raise UserError(
                f"{offer.described} must lead to a subclass of ReplaySource whose name is "
                f"{offer.name!r}, not to {offer.value!r}"
            )
