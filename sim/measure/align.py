# SPDX-License-Identifier: MIT
"""Memory-aligned comparison (MEMO): every method spends one budget, on models or on exemplars.

The arithmetic is that of the paper, in bits. The budget first pays for everything that a method
keeps besides exemplars; whole exemplars fill the rest. The paper's "a model or 603 exemplars"
compares a ResNet32 of floating-point parameters with CIFAR images of 8 bits a colour. A binary
network is worth far fewer exemplars.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from golden.params.checks import check_choice, check_integer
from sim.measure.ledger import as_exemplars

__all__ = ["Demand", "align", "area_under_curve", "cifar_resnet_parameters"]


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Memory that a method needs.

    Parameters
    ----------
    model_bits : int
        Bits of its models and of everything else that it keeps without any exemplar.
    exemplar_bits : int
        Bits that one more exemplar takes. Where all classes keep equally many, these are the bits
        of one exemplar of every class.
    """

    model_bits: int
    exemplar_bits: int

    def __post_init__(self) -> None:
        check_integer("Bits of a model", self.model_bits, 0)
        check_integer("Bits of an exemplar", self.exemplar_bits, 1)

    def total(self, exemplars: int) -> int:
        """Return the bits of the models and of a number of exemplars."""
        check_integer("Exemplars", exemplars, 0)
        return self.model_bits + exemplars * self.exemplar_bits


def align(budget_bits: int, methods: Mapping[str, Demand]) -> dict[str, int]:
    """Return how many exemplars each method may keep so that none exceeds the budget.

    Parameters
    ----------
    budget_bits : int
        Bits of models and exemplars together.
    methods : mapping of str to Demand
        Memory that each method needs.

    Returns
    -------
    dict of str to int
        Number of whole exemplars of each method, in the order of `methods`.

    Raises
    ------
    ValueError
        If the models of a method alone exceed the budget; the message names it.
    """
    check_integer("Budget", budget_bits, 0)
    for name, demand in methods.items():
        if demand.model_bits > budget_bits:
            raise ValueError(
                f"Budget of {budget_bits} bits must hold the models of {name}, "
                f"which take {demand.model_bits}"
            )
    return {
        name: as_exemplars(budget_bits - demand.model_bits, demand.exemplar_bits)
        for name, demand in methods.items()
    }


def area_under_curve(
    bits: Sequence[float],
    accuracies: Sequence[float],
    scale: Literal["linear", "log10"] = "log10",
) -> float:
    """Return the area under accuracy against memory, divided by the width of the memory axis.

    The area follows the trapezoid rule over the points. The result is the mean accuracy over the
    axis. MEMO reports the area itself over megabytes: this mean for ``linear``, times the width in
    megabytes.

    Parameters
    ----------
    bits : sequence of float
        Memory of every point, strictly rising; in any unit, because the width divides it out.
    accuracies : sequence of float
        Accuracy of every point.
    scale : {"linear", "log10"}
        Scale of the memory axis.

    Returns
    -------
    float
        Mean accuracy, in the unit of `accuracies`.

    Raises
    ------
    ValueError
        If there are fewer than two points, if the two differ in length, or if `bits` is not
        positive and strictly rising.
    """
    check_choice("Scale", scale, ("linear", "log10"))
    memory, values = np.asarray(bits, np.float64), np.asarray(accuracies, np.float64)
    if memory.ndim != 1 or len(memory) < 2 or values.shape != memory.shape:
        raise ValueError(
            "Memory and accuracies must be two or more points, as many of each, not of shapes "
            f"{memory.shape} and {values.shape}"
        )
    if memory[0] <= 0 or (np.diff(memory) <= 0).any():
        raise ValueError(f"Memory must be positive and rise from point to point, not {list(bits)}")
    axis = np.log10(memory) if scale == "log10" else memory
    return float(np.trapezoid(values, axis) / (axis[-1] - axis[0]))


def cifar_resnet_parameters(depth: int) -> tuple[int, int, int, int]:
    """Return the numbers of parameters of the parts of a ResNet for CIFAR without its classifier.

    The network of He et al. (2016, section 4.2): a 3x3 convolution to 16 channels, then three
    groups of ``(depth - 2) / 6`` blocks with 16, 32 and 64 channels. A block is two 3x3
    convolutions without bias, each with a scale and a shift a channel; shortcuts have no
    parameters. MEMO shares all but the last group, MEMO-2 all but the last two.

    Parameters
    ----------
    depth : int
        ``6 n + 2`` layers: 14, 20, 26, 32.

    Returns
    -------
    tuple of int
        Parameters of the first convolution and of each of the three groups.

    Raises
    ------
    ValueError
        If there is no network of that depth.
    """
    check_integer("Depth", depth, 8)
    blocks, rest = divmod(depth - 2, 6)
    if rest:
        raise ValueError(f"Depth of a ResNet for CIFAR must be 6 n + 2, not {depth}")

    def convolution(inputs: int, outputs: int) -> int:
        return 9 * inputs * outputs + 2 * outputs

    def group(inputs: int, outputs: int) -> int:
        return convolution(inputs, outputs) + (2 * blocks - 1) * convolution(outputs, outputs)

    return convolution(3, 16), group(16, 16), group(16, 32), group(32, 64)
