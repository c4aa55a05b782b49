# SPDX-License-Identifier: MIT
"""A die on which cells of the rows of prototypes fail, and what golden reads of it."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import rtl.prototype_rows
from golden.faults import Faults, ProtectedFaults
from golden.params import FaultParams, FaultyMemory, PrototypesParams, SecdedParams, WatchParams
from golden.secded import Secded
from verification.rtl.failing import fail, rows_of

__all__ = ["Die", "packed"]


class Die:
    """Cells of rows that fail on a die: those of codes, and those of check bits."""

    def __init__(self, params: PrototypesParams, watch: WatchParams, share: float, die: int = 7):
        self.params, self.watch = params, watch
        self.code = Secded(SecdedParams(width=params.lanes))
        given: dict[str, Any] = {"die": die, "threshold": round(share * 2**32)}
        self.plain = FaultParams(
            memory=FaultyMemory.PROTOTYPES, lanes=params.lanes, width=params.code_width, **given
        )
        self.codes = rows_of(Faults(self.plain), params.components, params.features)
        width = watch.check_bits(params.lanes)
        self.checks = ([0] * params.rows, [0] * params.rows)
        if width:
            beside = FaultParams(memory=FaultyMemory.CHECKS, lanes=1, width=width, **given)
            self.checks = rows_of(Faults(beside), params.rows, 1)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let these cells fail in what is elaborated from now on."""
        p = self.params
        fail(monkeypatch, rtl.prototype_rows, self.codes, p.row_width)
        if self.watch.secded:
            fail(monkeypatch, rtl.prototype_rows, self.checks, self.watch.check_bits(p.lanes))

    @property
    def map(self) -> tuple[list[int], list[int]]:
        """Cells that fail, and what they read as, with check bits above the codes."""
        up = self.params.row_width
        failing, stuck = (
            [c | h << up for c, h in zip(codes, checks, strict=True)]
            for codes, checks in zip(self.codes, self.checks, strict=True)
        )
        return failing, stuck

    def read(self, codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Return what golden reads in place of codes of shape (components, D)."""
        if not self.watch.secded:
            return Faults(self.plain).read(codes)
        return ProtectedFaults(self.plain, self.watch.secded).read(codes)

    def wrong(self, row: int, word: int) -> tuple[int, int]:
        """Return the words of a row that are corrected, and those that are seen."""
        return self._corrected(row, word)[:2]

    def inverted(self, row: int, word: int) -> int:
        """Return the lanes of a row in which a bit is inverted when it is read."""
        return self._corrected(row, word)[2]

    def _corrected(self, row: int, word: int) -> tuple[int, int, int]:
        p, r, corrected, seen, lanes = self.params, self.code.params.checks, 0, 0, 0
        (failing, stuck), (below, ones) = self.codes, self.checks
        read = word & ~failing[row] | stuck[row]
        for plane in range(self.watch.secded):
            bit = p.code_width - 1 - plane
            written, given = (
                sum((of >> lane * p.code_width + bit & 1) << lane for lane in range(p.lanes))
                for of in (word, read)
            )
            checks = int(self.code.checks(np.array([written], np.uint64))[0]) << plane * r
            checks = (checks & ~below[row] | ones[row]) >> plane * r & 2**r - 1
            right = self.code.correct(np.array([given], np.uint64), np.array([checks], np.uint64))
            corrected += int(right.corrected[0])
            seen += int(right.seen[0])
            lanes |= int(right.words[0]) ^ given
        return corrected, seen, lanes


def packed(p: PrototypesParams, codes: NDArray[np.uint16]) -> list[int]:
    """Return codes of shape (components, D) as rows."""
    full = np.zeros((len(codes), p.beats * p.lanes), object)
    full[:, : p.features] = codes
    return [
        sum(int(code) << lane * p.code_width for lane, code in enumerate(row))
        for row in full.reshape(-1, p.lanes)
    ]
