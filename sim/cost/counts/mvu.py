# SPDX-License-Identifier: MIT
"""Counts of the matrix-vector unit: PE neurons, each with SIMD inputs a step."""

from golden.params import MvuParams, XnorParams
from sim.cost.counts import xnor
from sim.cost.counts.layer import Layer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["latency", "load", "memories", "registers", "tally"]


def memories(params: MvuParams) -> tuple[Memory, ...]:
    """Return the memories: every neuron has one for weights and one for thresholds."""
    return (
        Memory("weights", params.weight_depth, params.simd, params.pe),
        Memory("thresholds", params.tile_depth, _threshold_width(params), params.pe),
    )


def latency(params: MvuParams) -> int:
    """Return the cycles from the last step of a tile to its result.

    The stages are the memory and its register, the agreements and their sum, the accumulator, and
    the comparison.
    """
    return 2 + xnor.latency(_neuron(params)) + 2


def registers(params: MvuParams, tag: int) -> int:
    """Return the bits of the registers.

    Parameters
    ----------
    params : MvuParams
    tag : int
        Bits of the tag that accompanies the steps and leaves with the tile.
    """
    count = params.count_width
    word_and_mask = 2 * 2 * params.simd
    slot = (params.weight_reuse - 1).bit_length()
    mark = 2 + (params.tile_depth - 1).bit_length() + slot + tag
    marks = (latency(params) - 1) * mark + 1 + tag
    limits = 2 * _threshold_width(params)
    # Weights, tree, running sums and the copy of one, limits, and the count and bit of the result.
    sums = (params.weight_reuse + 1) * count
    neuron = params.simd + xnor.registers(_neuron(params)) + sums + limits + count + 1
    return word_and_mask + marks + params.pe * neuron


def tally(layer: Layer, params: MvuParams, tag: int) -> Tally:
    """Return the actions of the unit for a layer.

    Every lane of every neuron works in each step, even if it is masked or past the outputs of a
    tile. Only `Layer.synapses` of them do useful work. The registers are counted once a step. Other
    cycles, in which they are clocked without a step, count as an idle unit. The first pixel of a
    strip reads the rows of weights and thresholds, and clocks the register of a row of weights.
    With weight reuse P, a step chooses one of P accumulators, and clocks that one alone.

    Parameters
    ----------
    layer : Layer
    params : MvuParams
    tag : int
        Bits of the tag that accompanies the steps and leaves with the tile.
    """
    pe, count = params.pe, params.count_width
    neuron = _neuron(params)
    counted_apart = xnor.registers(neuron) + params.simd + params.weight_reuse * count
    step = pe * xnor.tally(neuron).within("xnor") + Tally({
        Action("accumulator", "accumulate", count): pe,
        Action("accumulator", "logic"): pe * count * (params.weight_reuse - 1),
        Action("pipeline", "register", registers(params, tag) - pe * counted_apart): 1,
    })  # fmt: skip
    row = Tally({
        Action("weights", "read", params.simd): pe,
        Action("row", "register", params.simd): pe,
    })  # fmt: skip
    limits = Tally({Action("thresholds", "read", _threshold_width(params)): pe})
    tile = Tally({Action("comparator", "compare", count + 1): pe})
    tiles = len(layer.tiles) * (len(layer.strips) * limits + layer.pixels * tile)
    return layer.turns * row + layer.steps * step + tiles


def load(weight_rows: int, threshold_rows: int, params: MvuParams) -> Tally:
    """Return the writes that load so many rows, one word for each row and neuron.

    Parameters
    ----------
    weight_rows : int
        Rows of weights. A row has SIMD bits for each of the PE neurons.
    threshold_rows : int
        Rows of thresholds. A row has a limit and a polarity for each of the PE neurons.
    params : MvuParams
    """
    return Tally({
        Action("weights", "write", params.simd): params.pe * weight_rows,
        Action("thresholds", "write", _threshold_width(params)): params.pe * threshold_rows,
    })  # fmt: skip


def _neuron(params: MvuParams) -> XnorParams:
    """Return the parameters of a neuron's XNOR and popcount in a step."""
    return XnorParams(inputs=params.simd)


def _threshold_width(params: MvuParams) -> int:
    """Return the bits of a threshold: a limit, which may exceed every count, and a polarity."""
    return params.count_width + 1 + 1
