# SPDX-License-Identifier: MIT
"""The parameters of a space, and the design that belongs to their values."""

import itertools
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.documents.section import Section
from sim.explore.space.parameter import Parameter
from sim.explore.space.point import Point, Value
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.supply import SUPPLIES, faults_of, has_supply
from sim.explore.space.vary import RangeSection
from sim.replay import SOURCES, Classifier
from sim.work.errors import UserError

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

__all__ = ["REPLAY", "Space"]

#: Name of the parameter that chooses the method.
REPLAY = "replay"

_COMMON = ("data", "head", "hardware")


class Space:
    """All designs of a configuration.

    Parameters
    ----------
    config : ExploreConfig

    Attributes
    ----------
    parameters : tuple of Parameter
        The method, the parameters that all methods share, and then each method's own. A field
        with a single value is no parameter.
    """

    def __init__(self, config: ExploreConfig) -> None:
        self.config = config
        names = tuple(entry.replay for entry in config.methods)
        self._common = [
            Parameter(f"{section}.{name}", choices)
            for section in _COMMON
            for name, choices in _open(getattr(config, section))
        ]
        self._own = {
            entry.replay: [
                Parameter(f"{entry.replay}.{name}", choices) for name, choices in _open(entry)
            ]
            for entry in config.methods
        }
        own = itertools.chain.from_iterable(self._own.values())
        self.parameters = (Parameter(REPLAY, names), *self._common, *own)

    def suggest(self, trial: "BaseTrial") -> Point:
        """Return the design that a trial of Optuna chooses: the method, then its parameters.

        Raises
        ------
        UserError
            If the values do not fit each other.
        """
        replay = str(self.parameters[0].suggest(trial))
        chosen = {p.name: p.suggest(trial) for p in self._of(replay)}
        return self.point({REPLAY: replay, **chosen})

    def points(self) -> list[dict[str, Value]]:
        """Return the parameters of all designs in a fixed order; each has those of its method.

        Raises
        ------
        UserError
            If a range has infinitely many numbers.
        """
        return list(self._grid())

    def size(self) -> int | None:
        """Return the number of designs; None if there are infinitely many."""
        try:
            return sum(1 for _ in self._grid())
        except UserError:
            return None

    def point(self, parameters: Mapping[str, Value]) -> Point:
        """Return the design with these values of all its parameters.

        Raises
        ------
        UserError
            If a parameter is missing, unknown or has a value that is not allowed, or if the
            values do not fit each other.
        """
        replay = self._check(parameters)
        study = self._study(replay, parameters)
        return Point.of(parameters, study, self._hardware(replay, parameters))

    def first(self, replay: str) -> Point:
        """Return the design of a method with the first choice or least number of each parameter."""
        return self.point({REPLAY: replay, **{p.name: p.first for p in self._of(replay)}})

    @cached_property
    def reference(self) -> dict[str, Value] | None:
        """Return the parameters of the reference design; None if there is none."""
        given = self.config.reference
        if given is None:
            return None
        replay = str(given.get(REPLAY, self.parameters[0].first))
        known = {p.name: p for p in self._of(replay)} if replay in self._own else {}
        chosen = {name: given.get(name, p.first) for name, p in known.items()}
        fixed = self._fixed_values(replay) if replay in self._own else {}
        more = {k: v for k, v in given.items() if k not in known and fixed.get(k, _NONE) != v}
        found = {**more, REPLAY: replay, **chosen}
        self._check(found)
        return {name: found[name] for name in (REPLAY, *known)}

    @property
    def name(self) -> str:
        """Name of the study in its storage."""
        return self.config.name

    def digest(self) -> str:
        """Return the SHA-256 of all settings that decide the values of a trial."""
        return self.config.digest()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters."""
        return tuple(parameter.name for parameter in self.parameters)

    def _of(self, replay: str) -> list[Parameter]:
        """Return the parameters that a method uses, without `REPLAY`."""
        common = [p for p in self._common if _has_use(replay, p.name)]
        return [*common, *self._own[replay]]

    def _grid(self) -> Iterator[dict[str, Value]]:
        try:
            for replay in self._own:
                parameters = self._of(replay)
                for values in itertools.product(*(p.values() for p in parameters)):
                    names = [p.name for p in parameters]
                    yield {REPLAY: replay, **dict(zip(names, values, strict=True))}
        except ValueError as error:
            raise UserError(str(error)) from error

    def _check(self, parameters: Mapping[str, Value]) -> str:
        """Refuse values that describe no design of the space; return the method."""
        replay = parameters.get(REPLAY)
        if replay not in self._own:
            raise UserError(f"replay must be one of {', '.join(self._own)}, not {replay!r}")
        known = {p.name: p for p in (self.parameters[0], *self._of(str(replay)))}
        for name, value in parameters.items():
            if name not in known:
                raise UserError(f"{name} is no parameter of {replay}: they are {', '.join(known)}")
            if not known[name].allows(value):
                raise UserError(f"{name} must be {known[name].in_words}, not {value!r}")
        for name in known:
            if name not in parameters:
                raise UserError(f"{name} is missing: it must be {known[name].in_words}")
        return str(replay)

    def _fixed_values(self, replay: str) -> dict[str, Any]:
        """Return the fields that have a single value, by dotted name."""
        entry = next(e for e in self.config.methods if e.replay == replay)
        sections = {**{s: getattr(self.config, s) for s in _COMMON}, replay: entry}
        return {
            f"{section}.{name}": value
            for section, given in sections.items()
            for name, value in _leaves(_fixed(given))
        }

    def _hardware(self, replay: str, parameters: Mapping[str, Value]) -> dict[str, Any]:
        """Return the hardware of a design as plain data, without supplies of what it has not."""
        found = _fixed(self.config.hardware) | _within(parameters, "hardware")
        return {k: v for k, v in found.items() if k not in SUPPLIES or has_supply(replay, k)}

    def _study(self, replay: str, parameters: Mapping[str, Value]) -> dict[str, Any]:
        """Return the study of a design as plain data."""
        config = self.config
        entry = next(e for e in config.methods if e.replay == replay)
        own = _nested(_fixed(entry), _within(parameters, replay))
        own |= faults_of(self._hardware(replay, parameters))
        return {
            "title": f"{config.title}: {replay}",
            "data": _nested(_fixed(config.data), _within(parameters, "data")),
            "tasks": config.tasks.model_dump(mode="json", exclude_none=True),
            "head": _nested(_fixed(config.head), _within(parameters, "head")),
            "methods": [{"replay": replay, **{k: v for k, v in own.items() if k != "replay"}}],
            "seeds": config.fidelity.rungs[-1].seeds,
        }


_NONE = object()

# Parameters of the hardware that only the training of a head uses.
_OF_TRAINING = {
    f"hardware.{k}" for k in ("backward_bits", "weight_bits", "gradients", "embeddings")
}


def _has_use(replay: str, name: str) -> bool:
    """Return whether a method uses a shared parameter."""
    source = SOURCES[replay]
    if issubclass(source, Classifier) and (name.startswith("head.") or name in _OF_TRAINING):
        return False
    supply = name.removeprefix("hardware.")
    if supply in SUPPLIES:
        return has_supply(replay, supply)
    return name != "hardware.lanes" or "lanes" not in source.Params.model_fields


def _open(section: Any) -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and the choices of every field of a section that may vary."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section) and not isinstance(value, RangeSection):
            yield from ((f"{name}.{inner}", choices) for inner, choices in _open(value))
        elif isinstance(value, RangeSection):
            yield name, value
        elif isinstance(value, list) and len(value) > 1:
            yield name, tuple(value)


def _fixed(section: Any) -> dict[str, Any]:
    """Return the given fields of a section that do not vary, as plain data.

    The kind of the binary head is left out, as documents leave it out.
    """
    fixed: dict[str, Any] = {}
    for name, field in type(section).model_fields.items():
        value = None if field.exclude else getattr(section, name)
        if isinstance(value, list):
            if len(value) == 1:
                fixed[name] = value[0]
        elif isinstance(value, RangeSection) or value is None:
            continue
        else:
            fixed[name] = _fixed(value) if isinstance(value, Section) else value
    return fixed


def _leaves(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", leaf) for inner, leaf in _leaves(value))
        else:
            yield name, value


def _within(parameters: Mapping[str, Value], section: str) -> dict[str, Value]:
    """Return the parameters of a section, by their names without the section."""
    start = f"{section}."
    return {k.removeprefix(start): v for k, v in parameters.items() if k.startswith(start)}


def _nested(data: dict[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """Return plain data with values inserted at dotted names, without those that are None."""
    for name, value in values.items():
        *outer, last = name.split(".")
        holder = data
        for key in outer:
            holder = holder.setdefault(key, {})
        if value is not None:
            holder[last] = value
    return {k: v for k, v in data.items() if v != {}}
