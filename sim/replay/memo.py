# SPDX-License-Identifier: MIT
"""MEMO in binary form: all tasks share blocks, and each has one specialised layer above them."""

from sim.replay.expandable import ExpandableClassifier, ExpandableParams

__all__ = ["Memo"]


class Memo(ExpandableClassifier):
    """``phi(x) = [phi_s1(phi_g(x)), phi_s2(phi_g(x)), ...]`` (MEMO, equation 3).

    The generalised blocks phi_g are the frozen network, whose output is the embedding. A
    specialised block is one dense layer. The output layer also receives the embedding.
    """

    name = "memo"
    called = "MEMO"

    @classmethod
    def widths(cls, params: ExpandableParams) -> tuple[int, ...]:
        return (params.hidden,)

    @classmethod
    def title(cls, params: ExpandableParams) -> str:
        return f"MEMO E = {params.exemplars}, H = {params.hidden}"
