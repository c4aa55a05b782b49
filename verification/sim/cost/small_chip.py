# SPDX-License-Identifier: MIT
"""A chip small enough to count by hand, and a technology of round numbers to price it."""

from pathlib import Path

from sim.cost.configuration import CostConfig, load_cost
from sim.cost.technology.loading import load_technology
from sim.cost.technology.technology import Technology

__all__ = ["CHIP", "NETWORK", "TECHNOLOGY", "small_config", "small_technology", "write_chip"]

# D = 16.
NETWORK = """\
input: {height: 4, width: 4, channels: 1, bits: 2}
layers:
  - {kind: thermometer, levels: 4}
  - {kind: conv, outputs: 8}
  - {kind: conv, outputs: 16, kernel: 4, padding: valid}
"""

# B = 2 beats of L = 8 lanes, q = 4, 6 classes.
CHIP = """\
title: A small chip
network: NETWORK
clock_mhz: 1.0
retention_days: 0.5
chip:
  accelerator:
    mvu: {pe: 4, simd: 8, weight_depth: 256, tile_depth: 16, count_width: 9}
    map_depth: 32
    program_depth: 8
    channels: 16
    classes: 6
    pixel_bits: 2
    colours: 1
    levels: 4
  sampler:
    prototypes:
      {features: 16, lanes: 8, code_width: 4, components: 12, classes: 6, class_components: 2}
  latent: {features: 16, lanes: 8, classes: 6, exemplars: 3}
memory: {classes: 6, components: 1}
task: {classes: 2, samples: 10, epochs: 3, batch: 9, hidden: 4, backward_bits: 8, weight_bits: 12}
"""

_ROW = "kind: model, source: me, locator: p. 1"

TECHNOLOGY = f"""\
title: Round numbers
node: 100
voltage: 1.0
sources:
  me: {{citation: "somebody's notebook", url: "https://example.org", licence: CC0}}
logic:
  xnor: {{value: 1, low: 0.5, high: 2, unit: fJ/bit, {_ROW}, sureness: M}}
  full_add: {{value: 2, unit: fJ/bit, {_ROW}, sureness: H}}
  accumulate: {{value: 5, low: 4, high: 9, unit: fJ/bit, {_ROW}, sureness: M}}
  compare: {{value: 3, unit: fJ/bit, {_ROW}, sureness: H}}
  lfsr_step: {{value: 4, unit: fJ, {_ROW}, sureness: H}}
  register: {{value: 3, unit: fJ/bit, {_ROW}, sureness: H}}
  logic: {{value: 1, unit: fJ/bit, {_ROW}, sureness: H}}
  clock: {{value: 2, unit: fJ, {_ROW}, sureness: H}}
memory:
  kind: array
  points:
    - bits: 1024
      read: {{value: 1, low: 0.5, high: 3, unit: pJ/bit, {_ROW}, sureness: M}}
      write: {{value: 2, unit: pJ/bit, {_ROW}, sureness: H}}
  leakage: {{value: 10, unit: pW/bit, {_ROW}, sureness: H}}
  area: {{value: 1, unit: um2/bit, {_ROW}, sureness: H}}
"""


def write_chip(folder: Path, old: str = "", new: str = "") -> Path:
    """Write the network and the configuration, which may be changed; return the latter's path."""
    network = folder / "network.yaml"
    network.write_text(NETWORK)
    assert old in CHIP
    text = CHIP.replace(old, new) if old else CHIP
    path = folder / "chip.yaml"
    path.write_text(text.replace("NETWORK", str(network)))
    return path


def small_config(folder: Path, old: str = "", new: str = "") -> CostConfig:
    return load_cost(str(write_chip(folder, old, new)))


def small_technology(folder: Path, old: str = "", new: str = "", name: str = "round") -> Technology:
    assert old in TECHNOLOGY
    path = folder / f"{name}.yaml"
    path.write_text(TECHNOLOGY.replace(old, new) if old else TECHNOLOGY)
    return load_technology(str(path))
