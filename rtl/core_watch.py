# SPDX-License-Identifier: MIT
"""What the core tells of its prototypes' memory: wrong words, scrubbed rows, a self-test."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams, WatchParams
from rtl.prototype_rows import SCRUB_COUNTS
from rtl.sampler import Sampler
from rtl.scrubber import INTERVAL_WIDTH

__all__ = ["show_watch", "watch_ports"]

COUNTS = ("corrected", "uncorrected")
RESULTS = ("failing_words", "failing_bits", "failing_first")


def watch_ports(params: ChipParams) -> dict[str, wiring.Member]:
    """Return the ports of the core for the registers of `rtl.watch_registers`.

    `begin_test` is for the cycle after a reset.
    """
    names = _counts(params.watch)
    counts = dict.fromkeys(names, Out(32)) | {f"{name}_clear": In(1) for name in names}
    if params.watch.scrub:
        counts["scrub_interval"] = In(INTERVAL_WIDTH)
    if not params.watch.self_test:
        return counts
    return {
        **counts,
        "begin_test": In(1),
        "memory_test_next": In(1),
        "memory_test_listed": In(1),
        "memory_test_running": Out(1),
        "memory_test_waiting": Out(1),
        **{name: Out(32) for name in RESULTS},
        "failure_row": Out(20),
        "failure_part": Out(8),
        "failure_element": Out(3),
        "failure_bits": Out(32),
    }


def show_watch(
    m: Module, params: ChipParams, ports: wiring.PureInterface, sampler: Sampler
) -> None:
    """Count wrong words and scrubbed rows, and lead the self-test to its registers.

    Parameters
    ----------
    m : Module
        What it becomes a part of.
    params : ChipParams
    ports : PureInterface
        Those of the core, with `watch_ports`.
    sampler : Sampler
    """
    for name in _counts(params.watch):
        _count(m, getattr(ports, name), getattr(sampler, name), getattr(ports, f"{name}_clear"))
    if params.watch.scrub:
        m.d.comb += sampler.scrub_interval.eq(ports.scrub_interval)
    if params.watch.self_test:
        failures = sampler.failures
        m.d.comb += [
            sampler.test.eq(ports.begin_test),
            failures.ready.eq(~ports.memory_test_listed | ports.memory_test_next),
            ports.memory_test_running.eq(sampler.testing),
            ports.memory_test_waiting.eq(failures.valid & ports.memory_test_listed),
            *(getattr(ports, name).eq(getattr(sampler, name)) for name in RESULTS),
            *(
                getattr(ports, f"failure_{name}").eq(failures.p[name])
                for name in ("row", "part", "element", "bits")
            ),
        ]


def _counts(watch: WatchParams) -> tuple[str, ...]:
    """Return the names of the counters."""
    return (*(COUNTS if watch.secded else ()), *(SCRUB_COUNTS if watch.scrub else ()))


def _count(m: Module, counter: Signal, more: Signal, clear: Signal) -> None:
    """Count up to the highest number; what comes while it is cleared is counted."""
    total = Mux(clear, 0, counter) + more
    m.d.sync += counter.eq(Mux(total >> len(counter), ~0, total))
