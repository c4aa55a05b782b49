# SPDX-License-Identifier: MIT
"""What the core tells: values of registers, counters and events."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from golden.params import ChipParams
from rtl.core_blocks import Blocks
from rtl.core_packets import ends

__all__ = ["COUNTERS", "ERRORS", "EVENTS", "STATES", "show"]

STATES = ("busy", "drawing", "closing", "answering", "training", "basis")
ERRORS = (
    "draw", "overflow", "unknown", "refused", "full", "empty", "closed", "nameless",
    "stranger", "command", "basis",
)  # fmt: skip
EVENTS = ("picture", "learned", "drawn", "appended", "counted", "closed", "batch")
COUNTERS = (
    "pictures", "exemplars", "learned", "recalled", "row_reads", "plane_reads", "counted",
    "count_reads", "answers", "answer_reads", "trained", "batches", "hits", "head_reads",
    "head_writes", "factor_reads",
)  # fmt: skip


def show(m: Module, params: ChipParams, ports: wiring.PureInterface, blocks: Blocks) -> None:
    """Drive the values of the registers, and count.

    Parameters
    ----------
    m : Module
        What it becomes a part of.
    params : ChipParams
    ports : PureInterface
        Those of the core. `errors_draw` is driven by `rtl.core_draws`.
    blocks : Blocks
    """
    network, sampler, requests = blocks.network, blocks.sampler, blocks.requests
    learned, learner, head = blocks.latent_buffer.i, blocks.learner, blocks.head_trainer
    m.d.comb += [
        ports.status_busy.eq(network.busy),
        ports.status_drawing.eq(requests.left != 0),
        ports.status_closing.eq(learner.closing),
        ports.status_answering.eq(learner.answering),
        ports.status_training.eq(head.training),
        ports.errors_overflow.eq(sampler.overflow),
        ports.errors_unknown.eq(sampler.unknown),
        ports.errors_refused.eq(blocks.latent_buffer.unknown),
        *(
            getattr(ports, f"errors_{flag}").eq(getattr(learner, flag))
            for flag in ("full", "empty", "closed", "nameless")
        ),
        ports.errors_stranger.eq(head.stranger),
        ports.errors_command.eq(head.refused),
        ports.status_basis.eq(sampler.loaded if params.factors else 0),
        ports.errors_basis.eq(sampler.refused if params.factors else 0),
        ports.draw_left.eq(requests.left),
        ports.n_classes.eq(sampler.n_classes),
        ports.n_components.eq(sampler.n_components),
    ]
    busy_before = Signal()
    m.d.sync += busy_before.eq(network.busy)
    ended = busy_before & ~network.busy
    steps = {
        "pictures": ended,
        "exemplars": ends(ports.exemplar),
        "learned": ends(learned),
        "recalled": ends(ports.latent),
        "row_reads": sampler.row_read,
        "plane_reads": Mux(sampler.plane_read, len(params.sampler.streams), 0),
        "counted": ends(learner.exemplars),
        "count_reads": learner.count_read,
        "answers": ends(ports.answer),
        "answer_reads": learner.reader_row_en,
        "trained": head.taken,
        "batches": head.learned,
        "hits": Mux(head.learned, head.hits, 0),
        "head_reads": head.row_read,
        "head_writes": head.row_written,
        "factor_reads": sampler.factor_used if params.factors else 0,
    }
    for name in COUNTERS:
        counter = getattr(ports, name)
        m.d.sync += counter.eq(counter + steps[name])
    drawing_before, closing_before = Signal(), Signal()
    classes_before = Signal.like(ports.n_classes)
    m.d.sync += [
        drawing_before.eq(ports.status_drawing),
        closing_before.eq(ports.status_closing),
        classes_before.eq(ports.n_classes),
        ports.irq_pending_picture.eq(ended),
        ports.irq_pending_learned.eq(ends(learned)),
        # Requests of the head are no draw that somebody started.
        ports.irq_pending_drawn.eq(drawing_before & ~ports.status_drawing & ~head.taking),
        ports.irq_pending_appended.eq(classes_before != ports.n_classes),
        ports.irq_pending_counted.eq(ends(learner.exemplars)),
        ports.irq_pending_closed.eq(closing_before & ~ports.status_closing),
        ports.irq_pending_batch.eq(head.learned),
    ]
