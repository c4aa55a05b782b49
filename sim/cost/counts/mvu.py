# SPDX-License-Identifier: MIT
"""Matrix-vector unit: PE neurons, each taking SIMD inputs a step."""

from golden.params import MvuParams, XnorParams
from sim.cost.counts import xnor
from sim.cost.counts.mapping import Layer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["latency", "load", "memories", "registers", "tally"]


def memories(params: MvuParams) -> tuple[Memory, ...]:
    """Return the weights and the thresholds, a memory of each beside every neuron."""
    return (
        Memory("weights", params.weight_depth, params.simd, params.pe),
        Memory("thresholds", params.tile_depth, _threshold_width(params), params.pe),
    )


def latency(params: MvuParams) -> int:
    """Return the cycles from the last step of a tile to the tile.

    Memory and its register, agreements and their sum, accumulator, comparison.
    """
    return 2 + xnor.latency(_neuron(params)) + 2


def registers(params: MvuParams, tag: int) -> int:
    """Return the bits of the registers.

    Parameters
    ----------
    params : MvuParams
    tag : int
        Bits that go beside the steps and leave with the tile.
    """
    count = params.count_width
    word_and_mask = 2 * 2 * params.simd
    mark = 2 + (params.tile_depth - 1).bit_length() + tag
    marks = (latency(params) - 1) * mark + 1 + tag
    limits = 2 * _threshold_width(params)
    # Weights, tree, running sum and its copy, limits, count and bit that leave.
    neuron = params.simd + xnor.registers(_neuron(params)) + 2 * count + limits + count + 1
    return word_and_mask + marks + params.pe * neuron


def tally(layer: Layer, params: MvuParams, tag: int) -> Tally:
    """Return what the unit does for a layer.

    Every lane of every neuron works in each step, masked or past the outputs of a tile as it may
    be; `Layer.synapses` of them are of use. The registers are counted once a step: what else they
    are clocked, empty, is the price of an idle unit.

    Parameters
    ----------
    layer : Layer
    params : MvuParams
    tag : int
        Bits that go beside the steps and leave with the tile.
    """
    pe, count = params.pe, params.count_width
    neuron = _neuron(params)
    beside_trees = registers(params, tag) - pe * (xnor.registers(neuron) + count)
    step = pe * xnor.tally(neuron).within("xnor") + Tally({
        Action("weights", "read", params.simd): pe,
        Action("accumulator", "accumulate", count): pe,
        Action("pipeline", "register", beside_trees): 1,
    })  # fmt: skip
    tile = Tally(
        {
            Action("thresholds", "read", _threshold_width(params)): pe,
            Action("comparator", "compare", count + 1): pe,
        }
    )
    return layer.steps * step + layer.pixels * len(layer.tiles) * tile


def load(weight_rows: int, threshold_rows: int, params: MvuParams) -> Tally:
    """Return the writes of so many rows: a word of the load stream for each neuron of each.

    Parameters
    ----------
    weight_rows : int
        Rows of weights, each of SIMD bits for each of PE neurons.
    threshold_rows : int
        Rows of thresholds, each of a limit and a polarity for each of PE neurons.
    params : MvuParams
    """
    return Tally({
        Action("weights", "write", params.simd): params.pe * weight_rows,
        Action("thresholds", "write", _threshold_width(params)): params.pe * threshold_rows,
    })  # fmt: skip


def _neuron(params: MvuParams) -> XnorParams:
    """Return the parameters of what a neuron takes in a step."""
    return XnorParams(inputs=params.simd)


def _threshold_width(params: MvuParams) -> int:
    """Return the bits of a limit, which may lie beyond every count, and of a polarity."""
    return params.count_width + 1 + 1
