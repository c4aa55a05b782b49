# SPDX-License-Identifier: MIT
"""Hidden layer inside a trainer: its ports, what it is given, and how it learns beside it."""

from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.memory import ReadPort
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import TrainerParams
from rtl.hidden_layer import HiddenLayer, hidden_row_layout
from rtl.hidden_trainer import HiddenTrainer
from rtl.lfsr import Lfsr
from rtl.trainer_control import UnderWay

__all__ = ["feed", "layer_of", "layer_ports", "train"]


def layer_of(params: TrainerParams, batch: int) -> HiddenLayer | HiddenTrainer | None:
    """Return the hidden layer of a trainer: one that learns, a frozen one, or none."""
    if params.trains_hidden:
        return HiddenTrainer(params, batch)
    return HiddenLayer(params) if params.hidden else None


def layer_ports(params: TrainerParams) -> dict[str, Any]:
    """Return the ports of a trainer that are there for its hidden layer."""
    if not params.hidden:
        return {}
    row = hidden_row_layout(params)
    ports = {"hidden_writes": In(stream.Signature(row)), "settled": Out(1)}
    if params.trains_hidden:
        rows = params.hidden * params.without_hidden.beats
        ports["hidden_reads"] = In(stream.Signature(bits_for(rows - 1)))
        ports["hidden_rows"] = Out(stream.Signature(params.lanes * int(params.binary_width)))
    return ports


def feed(
    m: Module,
    ports: wiring.PureInterface,
    layer: HiddenLayer | HiddenTrainer,
    *,
    wanted: Value,
    idle: Value,
) -> Value:
    """Let the layer have exemplars while they are wanted, and rows while the trainer is idle.

    Parameters
    ----------
    m : Module
    ports : PureInterface
        Those of the trainer.
    layer : HiddenLayer or HiddenTrainer
    wanted, idle : Value
        A command waits for an exemplar; no command is under way.

    Returns
    -------
    Value
        A command must wait for rows.
    """
    given = [(ports.i, layer.i, wanted), (ports.hidden_writes, layer.writes, idle)]
    waiting = ports.hidden_writes.valid
    if isinstance(layer, HiddenTrainer):
        given.append((ports.hidden_reads, layer.reads, idle))
        waiting |= ports.hidden_reads.valid | layer.rows.valid
        wiring.connect(m, layer.rows, wiring.flipped(ports.hidden_rows))
    for source, sink, now in given:
        m.d.comb += [
            sink.valid.eq(source.valid & now),
            sink.payload.eq(source.payload),
            source.ready.eq(sink.ready & now),
        ]
    return waiting


def train(
    m: Module,
    now: UnderWay,
    layer: HiddenTrainer,
    rows: ReadPort,
    errors: ReadPort,
    held: Signal,
    error: Signal,
    lfsr: Lfsr,
    noted: Value,
) -> None:
    """Let the layer have rows of weights, errors and words while it learns a batch.

    Parameters
    ----------
    m : Module
    now : UnderWay
    layer : HiddenTrainer
    rows, errors : ReadPort
        Of the weights, and of the errors.
    held, error : Signal
        What was read, a cycle after it comes from its memory.
    lfsr : Lfsr
        Stream 21.
    noted : Value
        The last error of an exemplar is there.
    """
    m.d.comb += [
        layer.empty.eq(now.idle),
        layer.keep.eq(noted),
        layer.notes.eq(now.learning),
        layer.word.eq(lfsr.word),
        layer.count.eq(now.slot),
        layer.classes.eq(now.classes),
        layer.weights.eq(held),
        layer.error.eq(error),
    ]
    with m.If(layer.asks):
        m.d.comb += [
            rows.addr.eq(layer.row),
            rows.en.eq(1),
            errors.addr.eq(layer.place),
            errors.en.eq(1),
        ]
    with m.If(layer.used):
        m.d.comb += lfsr.en.eq(1)
