# SPDX-License-Identifier: MIT
"""What a finished study found: its runs by method, memories that fail, and sentences on them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sim.data.bank import Bank
from sim.study.config import StudyConfig
from sim.study.report.equal_bits import Verdict
from sim.study.report.fault_headline import headline
from sim.study.report.faults import FaultLine, fault_lines
from sim.study.report.groups import MethodGroup, group_runs, plain_or_all
from sim.study.report.head_state import HeadStates, head_states
from sim.study.report.origin import varied

__all__ = ["Findings"]


@dataclass(frozen=True)
class Findings:
    """What a finished study found.

    Parameters
    ----------
    config : StudyConfig
    banks : tuple of Bank
        The same samples in the embeddings of one network or several. Figures show the first.
    command : str
        Command line that makes this report again.
    runs : list of dict
        Results of all runs.
    """

    config: StudyConfig
    banks: tuple[Bank, ...]
    command: str
    runs: list[dict[str, Any]]

    @property
    def bank(self) -> Bank:
        """The first bank."""
        return self.banks[0]

    @cached_property
    def groups(self) -> list[MethodGroup]:
        """Runs gathered by method."""
        return group_runs(self.runs)

    @cached_property
    def fault_lines(self) -> list[FaultLine]:
        """Memories that fail, if a sound one is beside them."""
        return fault_lines(self.groups)

    @cached_property
    def states(self) -> list[HeadStates]:
        """Memories that were tried beside heads of several states."""
        return head_states(self.groups)

    @property
    def headline(self) -> str:
        """What a study on failing memories, or on states of a head, found; empty of others."""
        if self.fault_lines:
            return headline(self.fault_lines, varied(self.config))
        varied_alone = sum(len(states.groups) for states in self.states) == len(self.groups)
        return " ".join(states.sentence for states in self.states) if varied_alone else ""

    @property
    def verdict(self) -> str:
        """Sentence on how the first source does at equal bits; empty without a comparison."""
        return next(iter(self.sentences), "")

    @cached_property
    def sentences(self) -> list[str]:
        """Such a sentence for every source."""
        return Verdict(plain_or_all(self.groups)).sentences
