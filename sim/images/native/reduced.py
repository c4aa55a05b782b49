# SPDX-License-Identifier: MIT
"""In what a study differs from the settings of the ISCAS'24 slides, in words."""

from golden.params import NetworkParams, ThermometerParams
from sim.images.native.learners import network_bits
from sim.images.native.settings import NativeConfig, load_native
from sim.images.pretrain.settings import Recipe
from sim.report.changed import changed_settings

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
    own, theirs = (c.model_dump(mode="json") for c in (config, model))
    return lines + changed_settings(own, theirs, _LEFT_OUT)


def _about(network: NetworkParams) -> str:
    """Return a network in a few words."""
    thermometer = network.layers[0]
    assert isinstance(thermometer, ThermometerParams)
    return (
        f"{network_bits(network) / 1e6:.2f} Mb, {thermometer.levels} levels a colour, "
        f"D = {network.output.size}"
    )
