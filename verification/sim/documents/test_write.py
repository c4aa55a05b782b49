# SPDX-License-Identifier: MIT
"""YAML written for people: readable, and read again as it was."""

from sim.documents.write import as_yaml
from sim.documents.yaml_lines import parse

DATA = {
    "title": "A design: " + "long " * 40,
    "rates": {"minimum": 1e-6, "factor": 0.5, "none": None},
    "methods": [{"replay": "gbm", "components": [1, 16]}, {"replay": "latent"}],
    "texts": ["yes", "010", "1e3", "1:30", "2024-01-31", "null", "", "é"],
    "flag": True,
    "large": 1e22,
}


def test_what_is_written_is_read_again_in_its_order() -> None:
    read = parse(as_yaml(DATA), "x.yaml").data
    assert read == DATA
    assert list(read) == list(DATA)


def test_a_value_stands_in_one_line() -> None:
    lines = as_yaml(DATA).splitlines()
    assert lines[0] == "title: 'A design: " + "long " * 40 + "'"
    assert lines[1:10] == [
        "rates:",
        # With a point, without which readers of YAML 1.1 take it for text.
        "  minimum: 1.0e-06",
        "  factor: 0.5",
        "  none: null",
        "methods:",
        "- replay: gbm",
        "  components:",
        "  - 1",
        "  - 16",
    ]
    assert lines[-1] == "large: 1.0e+22"
