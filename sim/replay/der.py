# SPDX-License-Identifier: MIT
"""DER in binary form: every task has a network of its own above the embedding."""

from sim.replay.expandable import ExpandableClassifier, ExpandableParams

__all__ = ["Der"]


class Der(ExpandableClassifier):
    """``phi(x) = [phi_1(x), phi_2(x), ...]`` (MEMO, equation 2): nothing trained is shared.

    All layers below the embedding are frozen, for DER as for every other method. A block of DER has
    two dense layers, a block of MEMO has one: the layer that MEMO would share between tasks exists
    in DER once for every task.
    """

    name = "der"
    called = "DER"

    @classmethod
    def widths(cls, params: ExpandableParams) -> tuple[int, ...]:
        return (params.hidden, params.hidden)

    @classmethod
    def title(cls, params: ExpandableParams) -> str:
        return f"DER E = {params.exemplars}, H = {params.hidden}"
