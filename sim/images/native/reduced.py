# SPDX-License-Identifier: MIT
"""The settings of a study that differ from the ISCAS'24 slides, as text."""

from golden.params import NetworkParams, ThermometerParams
from sim.images.native.learners import network_bits
from sim.images.native.settings import NativeConfig, load_native
from sim.images.pretrain.settings import Recipe
from sim.report.changed import changed_settings

__all__ = ["differences"]

# Settings that the results show anyway, or that the line on the network includes.
_LEFT_OUT = ("title", "methods", "network", "increment", "seed", "seeds", "model.levels")


def differences(config: NativeConfig, recipe: Recipe) -> list[str]:
    """Return every setting that differs from the configuration ``slides``, one line each.

    Parameters
    ----------
    config : NativeConfig
    recipe : Recipe
        Recipe of the configuration.
    """
    model, model_recipe = load_native("slides")
    lines = []
    if recipe.network.describe() != model_recipe.network.describe():
        own, theirs = _about(recipe.network), _about(model_recipe.network)
        lines.append(f"network: {config.network}, {own}, not {model.network}, {theirs}")
    own, theirs = (c.model_dump(mode="json") for c in (config, model))
    return lines + changed_settings(own, theirs, _LEFT_OUT)


def _about(network: NetworkParams) -> str:
    """Return a short description of a network."""
    thermometer = network.layers[0]
    assert isinstance(thermometer, ThermometerParams)
    return (
        f"{network_bits(network) / 1e6:.2f} Mb, {thermometer.levels} levels a colour, "
        f"D = {network.output.size}"
    )
