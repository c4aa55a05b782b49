# SPDX-License-Identifier: MIT
"""A design: a point of the space, with the study and the chip that it stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.documents.validation import validate
from sim.documents.write import as_yaml
from sim.documents.yaml_lines import Document
from sim.explore.space.settings import HardwareConfig
from sim.explore.space.supply import SUPPLIES
from sim.study.config import StudyConfig
from sim.study.methods import Method

__all__ = ["Point", "Value"]

# Usual symbols of the parameters that methods share.
_SYMBOLS = {
    "data.features": "D",
    "head.hidden": "H",
    "hardware.pe": "PE",
    "hardware.simd": "SIMD",
    "hardware.weight_reuse": "P",
    "hardware.lanes": "L",
}

Value = int | float | bool | str | None


@dataclass(frozen=True)
class Point:
    """A design.

    Parameters
    ----------
    parameters : tuple of (str, value)
        Name in the space and value of every parameter. The name of a method's own parameter
        begins with the method, as in ``gbm.components``.
    study : mapping
        The study of this one method as plain data, with all values.
    hardware : HardwareConfig
    config : StudyConfig
        The checked study.
    """

    parameters: tuple[tuple[str, Value], ...]
    study: Mapping[str, Any] = field(hash=False)
    hardware: HardwareConfig
    config: StudyConfig = field(compare=False, repr=False)

    @classmethod
    def of(
        cls,
        parameters: Mapping[str, Value],
        study: Mapping[str, Any],
        hardware: Mapping[str, Any],
    ) -> "Point":
        """Return the design of a study and of some fields of the hardware.

        Parameters
        ----------
        parameters : mapping of str to value
            Values of the parameters by their names in the space.
        study : mapping
            The study of this one method as plain data.
        hardware : mapping
            Fields of `HardwareConfig`. Absent fields take their defaults.

        Raises
        ------
        UserError
            If the values do not fit each other.
        """
        # Values that are valid alone may contradict each other. The check finds this now, before
        # the study runs. The values come from no file, so messages name no line.
        document = Document(data=dict(study), source="design", overrides={(): "design"})
        return cls(
            parameters=tuple(parameters.items()),
            study=study,
            hardware=HardwareConfig.model_validate(dict(hardware)),
            config=validate(StudyConfig, document),
        )

    @property
    def method(self) -> Method:
        """The method."""
        return self.config.expanded_methods()[0]

    @property
    def features(self) -> int | None:
        """D, the number of first bits of an embedding that are used; None for all bits."""
        return self.config.data.features

    @property
    def label(self) -> str:
        """Legend: the method and the chosen parameters of data, head and hardware."""
        extras = [
            f"{_SYMBOLS.get(name, name.rpartition('.')[2])} = {_shown(value)}"
            for name, value in self.parameters
            if name.partition(".")[0] in ("data", "head", "hardware")
            # The method says which supplies it has.
            and name.rpartition(".")[2] not in SUPPLIES
        ]
        return ", ".join([self.method.label, *extras])

    def yaml(self) -> str:
        """Return the study as YAML for ``engram run``, with the hardware in comments."""
        hardware = self.hardware.model_dump(exclude_none=True)
        lines = [f"# {self.label}", "# hardware (priced, of no influence on what is learnt):"]
        lines += [f"#   {name}: {_shown(value)}" for name, value in hardware.items()]
        return "\n".join([*lines, as_yaml(self.study)])


def _shown(value: Value) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
