# SPDX-License-Identifier: MIT
"""A design: what was chosen of a space, and the study and the chip that it stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sim.documents.validation import validate
from sim.documents.write import as_yaml
from sim.documents.yaml_lines import parse
from sim.explore.space.settings import HardwareConfig
from sim.study.config import StudyConfig
from sim.study.methods import Method

__all__ = ["Point", "Value"]

# How the field writes parameters that methods share.
_SYMBOLS = {
    "data.features": "D",
    "head.hidden": "H",
    "hardware.pe": "PE",
    "hardware.simd": "SIMD",
    "hardware.lanes": "L",
}

Value = int | float | bool | str | None


@dataclass(frozen=True)
class Point:
    """A design.

    Parameters
    ----------
    parameters : tuple of (str, value)
        What was chosen, by the names of the space; a method's own have its name before them, as
        in ``gbm.components``.
    study : str
        YAML of the study of this one method, all values given.
    hardware : HardwareConfig
    """

    parameters: tuple[tuple[str, Value], ...]
    study: str
    hardware: HardwareConfig

    @classmethod
    def of(
        cls,
        parameters: Mapping[str, Value],
        document: Mapping[str, Any],
        hardware: Mapping[str, Any],
    ) -> "Point":
        """Return the design of a study's document and of what is given of the hardware.

        Raises
        ------
        UserError
            If the values do not fit each other.
        """
        text = as_yaml(document)
        # Values that fit alone need not fit together: that is told now, not when it runs.
        validate(StudyConfig, parse(text, "design"))
        return cls(tuple(parameters.items()), text, HardwareConfig.model_validate(dict(hardware)))

    @cached_property
    def config(self) -> StudyConfig:
        """The study."""
        return validate(StudyConfig, parse(self.study, self.label_of_parameters))

    @property
    def label_of_parameters(self) -> str:
        """Every parameter with its value, as in ``replay = gbm, gbm.components = 1``."""
        return ", ".join(f"{name} = {_shown(value)}" for name, value in self.parameters)

    @property
    def method(self) -> Method:
        """The method."""
        return self.config.expanded_methods()[0]

    @property
    def features(self) -> int | None:
        """D, the first bits of an embedding that are used; None where all are."""
        return self.config.data.features

    @property
    def label(self) -> str:
        """Legend: the method, and whatever else was chosen of data, head and hardware."""
        extras = [
            f"{_SYMBOLS.get(name, name.rpartition('.')[2])} = {_shown(value)}"
            for name, value in self.parameters
            if name.partition(".")[0] in ("data", "head", "hardware")
        ]
        return ", ".join([self.method.label, *extras])

    def yaml(self) -> str:
        """Return the study as ``engram run`` takes it; comments say what hardware it stands on."""
        hardware = self.hardware.model_dump(exclude_none=True)
        lines = [f"# {self.label}", "# hardware (priced, of no influence on what is learnt):"]
        lines += [f"#   {name}: {_shown(value)}" for name, value in hardware.items()]
        return "\n".join([*lines, self.study])


def _shown(value: Value) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
