# SPDX-License-Identifier: MIT
"""From a float graph's functions of a sum to thresholds, polarities and bits (contract, 2)."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from golden.conv import Conv
from golden.dense import Dense
from golden.network import Layer
from golden.params import ConvParams, PoolParams
from golden.pool import Pool
from sim.exchange.tables import Bits, Reals, Stage, StageFault, Table, relabelled

__all__ = ["close_neurons"]


@dataclass(frozen=True)
class _Rule:
    """How the neurons of a layer fire, and what their bits stand for; each array has an entry each.

    Parameters
    ----------
    thresholds : ndarray of int64
    polarity : ndarray of uint8
    zero, one : ndarray of float64
        Real numbers that the bits 0 and 1 stand for.
    """

    thresholds: NDArray[np.int64]
    polarity: NDArray[np.uint8]
    zero: NDArray[np.float64]
    one: NDArray[np.float64]


def close_neurons(
    table: Table, pad: float | None, groups: int, order: NDArray[np.int64] | None
) -> tuple[list[Layer], Bits]:
    """Return the layers of neurons whose bits are a tensor, and what these bits stand for.

    A channel that is pooled after a falling function, or whose padding is the upper value, is kept
    as the opposite bit; the weights that read it turn round.

    Parameters
    ----------
    table : Table
        The tensor; its stage has neurons.
    pad : float or None
        Real number of the padding that the next layer puts around the map.
    groups : int
        Groups of channels of the next layer.
    order : ndarray of shape (channels,), int64, or None
        Channels of the stage in the order in which the next layer's groups take them; None where
        any order will do.

    Raises
    ------
    StageFault
        If no neurons of the contract have these bits; the message says what would be right.
    ValueError
        If the next layer cannot take them.
    """
    stage = table.stage
    assert stage.params is not None
    assert stage.weights is not None
    if not stage.weights.all():
        raise StageFault(
            "weights of a layer that others follow must be -1 and +1 times one scale an output, "
            "and some are 0: only the last layer can be ternary",
            neurons=True,
        )
    rule = _rule(stage, table.functions(), pad)
    new, shuffle, outputs = _order(stage, groups, order)
    weights = (stage.weights > 0).astype(np.uint8)[outputs]
    rule = _Rule(*(getattr(rule, name)[outputs] for name in rule.__dataclass_fields__))
    params = replace(stage.params, thresholds=_needed(stage.states, rule))
    if shuffle:
        assert isinstance(params, ConvParams)
        params = replace(params, shuffle=True)
    arrays = [weights]
    if params.thresholds:
        arrays += [rule.thresholds.astype(np.int32), rule.polarity]
    kind = Conv if isinstance(params, ConvParams) else Dense
    layers: list[Layer] = [kind(params, *arrays)]  # pyright: ignore[reportArgumentType]
    if stage.pool > 1:
        layers.append(Pool(PoolParams(input=params.output, size=stage.pool)))
    # The rule is in the order of the outputs; a shuffle moves them behind it.
    stored = np.empty_like(new)
    stored[new] = np.arange(len(new))
    undo = np.argsort(outputs)[stored]
    zero, one = rule.zero[undo], rule.one[undo]
    bits = Bits(stage.shape, relabelled(table.index, new), (zero + one) / 2, (one - zero) / 2)
    return layers, bits


def _rule(stage: Stage, functions: Reals, pad: float | None) -> _Rule:
    """Return how the neurons must fire for the bits that functions of their sums describe."""
    low, high = _two_values(stage.states, functions)
    upper = functions == high
    rising = upper[-1] | ~upper[0]
    steps = np.count_nonzero(upper[1:] != upper[:-1], axis=0)
    if (steps > 1).any():
        raise StageFault(
            f"channel {np.argmax(steps > 1)} must change once as its sum grows, not "
            f"{steps.max()} times: a neuron has one threshold"
        )
    if stage.largest is None:
        opposite = np.zeros(len(rising), bool)
    else:
        opposite = (rising != stage.largest) & (steps > 0)
    zero, one = np.where(opposite, high, low), np.where(opposite, low, high)
    if pad is not None:
        wrong = zero.astype(np.float32) != np.float32(pad)
        if stage.largest is None:  # a pool decides which bit it must be
            opposite = opposite ^ wrong
            zero, one = np.where(wrong, one, zero), np.where(wrong, zero, one)
            wrong = zero.astype(np.float32) != np.float32(pad)
        if wrong.any():
            raise ValueError(
                f"its padding must be a value of the bits that it takes, {low[0]:g} or "
                f"{high[0]:g}, not {pad:g}: put a Pad node of the lower one before a convolution "
                "without padding"
            )
    fires = upper ^ opposite
    polarity = (fires[-1] | ~fires[0]).astype(np.uint8)
    if stage.largest is not None:  # a constant neuron must not mix OR with AND
        polarity = np.where(steps > 0, polarity, stage.largest).astype(np.uint8)
    begins = fires == (polarity == 1)
    first = stage.states[np.argmax(begins, axis=0)]
    thresholds = np.where(begins.any(axis=0), first, stage.states[-1] + 1)
    return _Rule(thresholds, polarity, zero, one)


def _two_values(
    states: NDArray[np.int64], functions: Reals
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper value of each channel."""
    low = functions.min(axis=0).astype(np.float64)
    high = functions.max(axis=0).astype(np.float64)
    other = (functions != low.astype(np.float32)) & (functions != high.astype(np.float32))
    if other.any():
        state, channel = np.argwhere(other)[0]
        raise StageFault(
            f"its result must be bits, which the next layer takes, and channel {channel} has more "
            f"than two values: {low[channel]:g}, {high[channel]:g} and, for the sum "
            f"{states[state]}, {functions[state, channel]:g}",
            sign="Sign(0) is 0 in ONNX: BipolarQuant, whose value there is +1, would be right",
        )
    constant = low == high
    if constant.any():
        # The other value never comes. It must only keep the step that the other channels have.
        pair = np.array([-1.0, 1.0]) * (abs(low[0]) or 1.0)
        if not constant.all():
            usual = np.argmin(constant)
            pair = np.array([low[usual], high[usual]])
        upper = constant & (low == pair[1])
        width = pair[1] - pair[0]
        low, high = (
            np.where(upper, low - width, low),
            np.where(constant & ~upper, high + width, high),
        )
    return low, high


def _order(
    stage: Stage, groups: int, order: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], bool, NDArray[np.int64]]:
    """Return how the channels of a stage are kept so that the next layer's groups find them.

    Returns
    -------
    new : ndarray of int64
        New position of each channel.
    shuffle : bool
        Whether a shuffle brings them there.
    outputs : ndarray of int64
        Channels in the order of the neurons.
    """
    channels = stage.shape.channels
    plain = np.arange(channels)
    if order is None or groups == 1:
        return plain, False, plain
    inner = channels // groups
    if (order // inner == plain // inner).all():  # only inside groups: the weights can follow
        return plain, False, plain
    own = stage.params.groups if isinstance(stage.params, ConvParams) else 1
    new = np.argsort(order)
    if own == 1:
        return new, False, order
    if (order == plain.reshape(own, -1).T.ravel()).all():
        return new, True, plain
    raise ValueError(
        f"its groups must take the channels of the {own} groups before in their order, or shuffled "
        "as a transpose of (group, channel): no other order of them can be kept"
    )


def _needed(states: NDArray[np.int64], rule: _Rule) -> bool:
    """Return whether any neuron differs from one that fires from 0 up."""
    fires = states[:, np.newaxis] >= rule.thresholds
    return bool((rule.polarity == 0).any() or (fires != (states >= 0)[:, np.newaxis]).any())
