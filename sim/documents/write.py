# SPDX-License-Identifier: MIT
"""Data written as readable YAML; the order of the keys stays."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

__all__ = ["as_yaml"]


class _Representer(SafeRepresenter):
    """Writes small numbers as 1.0e-06, a form that readers of YAML 1.1 take for a number, too."""

    def represent_float(self, data: float) -> ScalarNode:
        node = super().represent_float(data)
        if "." not in node.value:
            node.value = node.value.replace("e", ".0e")
        return node


_Representer.add_representer(float, _Representer.represent_float)


def as_yaml(data: Mapping[str, Any]) -> str:
    """Return data as YAML text; long strings stay on one line.

    Parameters
    ----------
    data : mapping of str to Any
        Mappings, lists, text, numbers, booleans and None.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # pyright: ignore[reportAttributeAccessIssue]
    yaml.width = 2**31
    stream = io.StringIO()
    yaml.dump(dict(data), stream)
    return stream.getvalue()
