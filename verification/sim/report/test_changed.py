# SPDX-License-Identifier: MIT
"""In what configurations differ: every setting of either, by its dotted key."""

from sim.report.changed import changed_settings


def test_settings_of_either_are_told() -> None:
    own = {"a": 1, "b": {"c": 0.5, "d": None}, "e": True}
    reference = {"a": 1, "b": {"c": 0.25, "d": 2}, "f": {"g": 3}, "e": True}
    assert changed_settings(own, reference) == [
        "b.c: 0.5, not 0.25", "b.d: null, not 2", "f.g: null, not 3",
    ]  # fmt: skip
    assert changed_settings(own, reference, ("b.c", "b.d", "f.g")) == []


def test_a_plateau_beside_a_cosine_is_of_no_effect() -> None:
    own = {"training": {"schedule": "cosine", "plateau": {"factor": 0.5}}}
    reference = {"training": {"schedule": "plateau", "plateau": {"factor": 0.7}}}
    assert changed_settings(own, reference) == ["training.schedule: cosine, not plateau"]


def test_an_open_choice_is_no_change() -> None:
    assert changed_settings({"a": {"b": "float32"}}, {"a": {"b": "auto"}}) == []
    assert changed_settings({"a": {"b": "auto"}}, {"a": {"b": "float32"}}) == [
        "a.b: auto, not float32"
    ]
