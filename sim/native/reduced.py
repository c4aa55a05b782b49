# SPDX-License-Identifier: MIT
"""In what a study differs from the settings of the ISCAS'24 slides, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from golden.params import NetworkParams, ThermometerParams
from sim.native.learners import network_bits
from sim.native.settings import NativeConfig, load_native
from sim.pretrain.settings import Recipe

__all__ = ["differences"]

# What stands in the results anyway, or is told with the network.
_LEFT_OUT = ("title", "methods", "network", "increment", "seed", "seeds", "model.levels")


def differences(config: NativeConfig, recipe: Recipe) -> list[str]:
    """Return every setting that is not that of the configuration ``slides``, a line of text each.

    Parameters
    ----------
    config : NativeConfig
    recipe : Recipe
        That it was read as.
    """
    model, model_recipe = load_native("slides")
    lines = []
    if recipe.network.describe() != model_recipe.network.describe():
        own, theirs = _about(recipe.network), _about(model_recipe.network)
        lines.append(f"network: {config.network}, {own}, not {model.network}, {theirs}")
    own, theirs = (dict(_flat(c.model_dump(mode="json"))) for c in (config, model))
    for key, value in own.items():
        if key not in _LEFT_OUT and theirs.get(key) != value and _counts(key, own):
            lines.append(f"{key}: {_text(value)}, not {_text(theirs.get(key))}")
    return lines


def _counts(key: str, values: Mapping[str, Any]) -> bool:
    """Return whether a setting has an effect: that of a plateau has none beside a cosine."""
    section, _, inner = key.partition(".plateau.")
    return not inner or values.get(f"{section}.schedule") != "cosine"


def _about(network: NetworkParams) -> str:
    """Return a network in a few words."""
    thermometer = network.layers[0]
    assert isinstance(thermometer, ThermometerParams)
    return (
        f"{network_bits(network) / 1e6:.2f} Mb, {thermometer.levels} levels a colour, "
        f"D = {network.output.size}"
    )


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value by its dotted key."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
