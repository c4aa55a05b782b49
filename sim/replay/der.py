# SPDX-License-Identifier: MIT
"""DER in binary form: a whole network of its own a task, as deep as the embedding lets it be."""

from sim.replay.expandable import ExpandableClassifier, ExpandableParams

__all__ = ["Der"]


class Der(ExpandableClassifier):
    """``phi(x) = [phi_1(x), phi_2(x), ...]`` (MEMO, equation 2): nothing trained is shared.

    Below the embedding all is frozen, for DER as for every other method. A block of its own is two
    dense layers, where MEMO's is one: what MEMO would share between tasks, DER has in every task.
    """

    name = "der"

    @classmethod
    def widths(cls, params: ExpandableParams) -> tuple[int, ...]:
        return (params.hidden, params.hidden)

    @classmethod
    def title(cls, params: ExpandableParams) -> str:
        return f"DER E = {params.exemplars}, H = {params.hidden}"
