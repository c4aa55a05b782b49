# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The chip as a processor sees it, over buses driven by a third party's models."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.bits import pack
from golden.params import ChipParams
from golden.prototype_classifier import hamming_table
from rtl.chip import capabilities
from rtl.class_slots import Operation
from rtl.emit import emit_packets
from rtl.headers import Target, unit_widths
from rtl.output import Kind
from rtl.packets import Packet
from rtl.registers import EVENTS, REGISTERS
from rtl.requests import Source
from verification.rtl.chip_coverage import cover_resets
from verification.rtl.chip_run import NETWORK, run_script
from verification.rtl.chip_script import FIELDS, OFFSETS, Script
from verification.rtl.chips import make_chip
from verification.rtl.coverage import cover
from verification.rtl.engine import BenchError
from verification.rtl.simulators import cocotb_simulators

CHIPS = {
    "parallel": make_chip(seed=11),
    "serial": make_chip(
        simd=16,
        weight_reuse=2,
        units=2,
        mode="serial",
        selection="weighted",
        draws_per_read=2,
        slots=2,
        table_width=12,
        seed=12,
    ),
    "factors": make_chip(
        selection="uniform",
        draws_per_read=2,
        slots=2,
        table_width=10,
        rank=3,
        loading_width=3,
        factor_width=2,
        seed=14,
    ),
}
OPERATIONS = ("load", "append", "picture", "draw", "learn", "recall")
SETTINGS = {"results": 1, "logits": 3, "features": 4, "all": 7}

Run = Callable[..., dict[str, Any]]


def script(name: str, seed: int = 0) -> Script:
    return Script(CHIPS[name], NETWORK, seed)


@pytest.fixture(params=cocotb_simulators())
def run(request: pytest.FixtureRequest) -> Run:
    """Run scripts on one of the simulators at hand."""
    return partial(run_script, request.param)


@pytest.fixture(params=CHIPS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_capabilities_are_those_of_the_parameters(name: str, run: Run) -> None:
    host = script(name)
    shown: dict[int, int] = {}
    for port, value in capabilities(CHIPS[name]).items():
        offset, field = FIELDS[port]
        shown[offset] = shown.get(offset, 0) | value << field.low
    assert set(shown) == {r.offset for r in REGISTERS if r.offset >= 0x80}
    for offset, value in shown.items():
        host.do("read", offset, value)
    host.read("id", int.from_bytes(b"engr", "big"))
    host.read("version", 2 << 16 | 7)
    run(name, host)


@pytest.mark.parametrize("pauses", [0.0, 0.6])
def test_a_life_of_the_chip(name: str, pauses: float, run: Run) -> None:
    """Load, classify, learn class after class, draw, recall: every word equals golden."""
    host = script(name, seed=int(10 * pauses))
    host.load()
    live(host)
    run(name, host, pauses)


def live(host: Script) -> None:
    """Classify, learn class after class, draw and recall, after the network was loaded."""
    params = host.chip.sampler
    for seen, output in enumerate(SETTINGS.values(), 2):
        host.write("classes_seen", seen)
        host.classes_seen = seen
        host.pictures(host.images(2), output)
    host.append(2)
    host.do("sent")
    host.poll("n_classes", 1)
    host.draw(60, label=0)
    host.append(3)
    host.append(1)
    host.poll("n_classes", 3)
    if params.selection == "weighted":
        host.weigh([0.2, 0.5, 0.3])
        host.do("sent")
    host.draw(60)
    if host.chip.factors:
        assert host.basis(5)
    host.draw(60)
    host.draw(20, label=2)
    host.learn(30)
    for label in range(5):
        host.recall(4, label)
    host.pictures(host.images(4), 5, learn=[0, 1, 4, 1])
    host.learn(3)
    host.recall(6, 1)
    host.read("pictures", 12)
    host.read("exemplars", 200 * params.draws_per_read)
    host.read("learned", 37)
    host.read("recalled", 26)
    host.read("row_reads", host.sampler.rows_read)
    host.read("plane_reads", host.sampler.planes_read)
    host.read("factor_reads", host.factor_reads)
    host.read("n_components", 6)
    host.read("errors", 0)
    host.read("status", FIELDS["status_basis"][1].mask if host.chip.factors else 0)


def test_classes_after_the_packets_of_a_file(name: str, run: Run) -> None:
    host = script(name)
    network: Any = host.network
    for packet in emit_packets(network, CHIPS[name])["load_packets.hex"].split("\n\n")[:-1]:
        host.do("send", [int(word, 16) for word in packet.split()])
    host.write("classes_seen", 5)
    host.classes_seen = 5
    host.pictures(host.images(3), 3)
    run(name, host)


def test_everything_at_once(name: str, run: Run) -> None:
    """Pictures, draws and exemplars share the output; each kind keeps its order."""
    host = script(name)
    host.load()
    host.append(1)
    host.append(2)
    host.do("sent")
    host.poll("n_classes", 2)
    host.learn(9)
    draws = host.operations
    host.operations = []
    host.pictures(host.images(3), 7)
    pictures, host.operations = host.operations, []
    if CHIPS[name].sampler.selection == "weighted":
        host.draw(50, label=1)
    else:
        host.draw(50)
    # The requests begin first, and run while the pictures do.
    first = [op for op in host.operations if op[0] != "expect"]
    expected = [op for op in host.operations + pictures if op[0] == "expect"]
    packets = [op for op in pictures if op[0] != "expect"]
    host.operations = [*draws, *first, *packets, *expected]
    host.read("errors", 0)
    run(name, host, 0.3)


def illegal(host: Script) -> None:
    """Try every access that the slave refuses."""
    mapped = {register.offset for register in REGISTERS}
    for register in REGISTERS:
        if not register.writable:
            host.do("write", register.offset, 2**32 - 1, "SLVERR")
    for offset in [*range(0, 0x100, 4), 0xFFC]:
        if offset not in mapped:
            host.do("write", offset, 2**32 - 1, "SLVERR")
            host.do("read", offset, 0, "SLVERR")
    for size in (1, 2, 3):
        host.do("write_bytes", OFFSETS["control"], [255] * size, "SLVERR")
        host.do("write_bytes", OFFSETS["draw_count"] + 1, [255] * size, "SLVERR")


def test_illegal_accesses_are_refused_and_change_nothing(name: str, run: Run) -> None:
    host = script(name)
    host.append(2)
    host.do("sent")
    host.poll("n_classes", 1)
    settings = {"draw_count": 5, "draw_source": 3, "output": 5, "classes_seen": 4}
    for register, value in settings.items():
        host.write(register, value)
    illegal(host)
    for register, value in settings.items():
        host.read(register, value)
    host.read("n_classes", 1)
    host.read("errors", 0)
    host.draw(3, label=0)
    run(name, host, 0.5)


def test_errors_are_shown_and_hurt_nobody(name: str, run: Run) -> None:
    host = script(name)
    for count in (3, 3):
        assert host.append(count)
    for count in (2, 4):
        assert not host.append(count)
    host.do("sent")
    host.poll("errors_overflow", 1)
    host.read("n_classes", 2)
    host.start(Source.SAMPLER, 2, 3)
    host.poll("errors_unknown", 1)
    host.start(Source.LATENT, 1, 2)
    host.poll("errors_refused", 1)
    host.read("errors", 0b111 << 8)
    for source, label in ((Source.SAMPLER, 5), (Source.LATENT, 4095), (Source.NONE, 0)):
        host.start(source, label, 7)
        host.read("errors", 0b111 << 8 | 2)
        host.write("errors", 2)
        host.read("errors", 0b111 << 8)
    for packet in (
        Packet(Target.LEARN, 5),
        Packet(Target.WEIGHTS, 99, 0, 1, [5]),
        Packet(Target.PIXELS, 5, 1, 8, [1]),
        Packet(Target.PIXELS, 0, 4, 8, [1]),  # no head learns
        Packet(Target.PROGRAM, 0, 8, 1, [1]),
        Packet(Target.APPEND, 256, 0, 0, [1]),
        Packet(Target.ROWS, 0, 0, 1, [1]),
        Packet(Target.SEEDS, 0, 22, 2, [1, 2]),
        Packet(Target.WEIGHTS, 0, 0, 2, [7]),
        Packet(Target.WEIGHTS, 0, 0, 1, [7, 8]),
    ):
        host.send(packet)  # fmt: skip
        host.do("sent")
        host.poll("errors_packet", 1)
        host.write("errors", 1)
        host.read("errors", 0b111 << 8)
    assert host.append(1)
    host.do("sent")
    host.poll("n_classes", 3)
    host.draw(9, label=2)
    host.soft_reset()
    host.read("errors", 0)
    host.read("n_classes", 0)
    host.learn(2)
    label = int(host.latent.seen.argmax())
    host.recall(3, label)
    run(name, host)


ALL_EVENTS = 2 ** len(EVENTS) - 1


def interrupted(host: Script, event: str) -> None:
    """See an event come, pull the line if it is enabled, and go when it is cleared."""
    bit = FIELDS[f"irq_pending_{event}"][1].mask
    host.poll(f"irq_pending_{event}", 1)
    host.write("irq_enable", ALL_EVENTS & ~bit)
    host.write("irq_pending", ALL_EVENTS & ~bit)
    host.do("irq", 0)
    host.write("irq_enable", bit)
    host.do("irq", 1)
    host.write("irq_pending", bit)
    host.do("irq", 0)
    host.read("irq_pending", 0)


def test_every_event_can_interrupt(name: str, run: Run) -> None:
    host = script(name)
    host.load()
    host.do("sent")
    host.read("irq_pending", 0)
    host.append(2)
    interrupted(host, "appended")
    host.pictures(host.images(1), 1, learn=[1])
    arrived = host.operations.pop()
    interrupted(host, "picture")
    host.operations.append(arrived)
    host.learn(1)
    interrupted(host, "learned")
    if host.chip.slots:
        for what in (Operation.OPEN, Operation.REOPEN, Operation.NONE):
            host.command(what, 0, 1)
            host.settle()
            host.read("irq_pending", 0)
        host.count(np.zeros((1, 1), np.uint64), [0])
        interrupted(host, "counted")
        assert host.command(Operation.CLOSE, 0)
        interrupted(host, "closed")
        assert not host.command(Operation.CLOSE, 0)  # it is refused
        host.poll("errors_closed", 1)
        host.write("irq_pending", FIELDS["irq_pending_error"][1].mask)
        interrupted(host, "closed")
    for event in ("sent", "drawn"):
        host.draw(4, label=0)
        interrupted(host, event)
    for packet in (Packet(Target.LEARN, 5), Packet(Target.WEIGHTS, 99)):
        host.send(packet)
        interrupted(host, "error")
    host.start(Source.NONE, 0, 1)
    interrupted(host, "error")
    host.start(Source.SAMPLER, 4, 1)
    interrupted(host, "error")
    refused = FIELDS["errors_closed"][1].mask if host.chip.slots else 0
    host.read("errors", 0b1000000011 | refused)
    host.do("hold", 1)
    host.draw(4, label=0)
    drawn = host.operations.pop()
    host.poll("irq_pending_waiting", 1)
    host.write("irq_pending", ALL_EVENTS)
    # While the word still waits, the event comes again.
    host.read("irq_pending", FIELDS["irq_pending_waiting"][1].mask)
    host.do("hold", 0)
    host.operations.append(drawn)
    interrupted(host, "waiting")
    run(name, host)


def test_an_exemplar_too_many_is_shown_and_changes_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With few bits for the counts the end is near. No other bench runs a chip of these parameters,
    # whose Verilog is kept by them.
    most, chip = 3, make_chip(slots=2, seed=13)
    monkeypatch.setattr("golden.class_counter.MAX_COUNT", most)
    monkeypatch.setattr("rtl.class_counter.MAX_COUNT", most)
    host, (offset, full) = Script(chip, NETWORK), FIELDS["errors_full"]
    exemplars = pack(host.rng.integers(0, 2, (most + 2, chip.latent.features), np.uint8))
    for slot in range(2):
        host.command(Operation.OPEN, slot, slot)
        host.count(exemplars[:most], [slot] * most)
    host.settle()
    host.do("read", offset, 0)
    host.write("irq_pending", ALL_EVENTS)
    host.count(exemplars[most:], [1] * 2)
    host.settle()
    host.do("read", offset, full.mask)
    host.read("counted", 2 * most + 2)
    host.poll("irq_pending_error", 1)
    for slot in range(2):
        assert host.command(Operation.CLOSE, slot)
        host.settle()
        host.draw(40, label=slot)
    np.testing.assert_array_equal(*(host.sampler.prototypes.codes_of(slot) for slot in range(2)))
    host.do("read", offset, full.mask)
    host.soft_reset()
    host.do("read", offset, 0)
    run("a full slot", host)


def test_a_picture_that_no_class_can_name_is_shown(run: Run) -> None:
    host, (offset, nameless) = script("serial"), FIELDS["errors_nameless"]
    host.load()
    host.costs(hamming_table(host.chip.sampler.prototypes.code_width))
    host.pictures(host.images(1), 8)
    host.settle()
    host.do("read", offset, nameless.mask)
    host.append(1)
    host.pictures(host.images(2), 8)
    host.settle()
    host.do("read", offset, nameless.mask)
    host.soft_reset()
    host.do("read", offset, 0)
    run("no class", host)


def test_soft_reset_keeps_events_and_is_none(name: str, run: Run) -> None:
    host = script(name)
    host.append(2)
    host.do("sent")
    host.poll("irq_pending_appended", 1)
    host.write("irq_enable", FIELDS["irq_enable_appended"][1].mask)
    host.soft_reset()
    host.do("irq", 1)
    host.read("irq_pending", FIELDS["irq_pending_appended"][1].mask)
    host.write("irq_pending", ALL_EVENTS)
    host.append(1)
    host.do("sent")
    host.poll("n_classes", 1)
    host.draw(200, label=0)
    host.operations.pop()
    host.write("irq_pending", ALL_EVENTS)
    host.write("irq_enable", FIELDS["irq_enable_drawn"][1].mask)
    host.soft_reset()
    host.do("discard")
    host.do("irq", 0)
    host.read("draw_left", 0)
    run(name, host)


def test_packets_of_bytes_from_a_dma_engine(name: str, run: Run) -> None:
    """A buffer need not be whole words; what a unit needs and is left out is an error."""
    host = script(name)
    host.load()
    image = host.images(1)
    count, size = image.size, unit_widths(CHIPS[name])[Target.PIXELS] // 8
    for lacking in (0, 1):
        host.pictures(image, 3)
        *sent, (_, words), answer = host.operations
        data, there = b"".join(word.to_bytes(8, "little") for word in words), 8 + count * size
        data = [*data[: there - lacking], *[85] * (len(data) - there + lacking)]
        kept = [int(i < there - lacking) for i in range(len(data))]
        host.operations = [*sent, ["send_bytes", data, kept], answer]
        host.read("errors", lacking)
        image[0].flat[-1] = 0  # what the chip takes for a byte that does not come
    run(name, host)


def past(host: Script) -> None:
    """Fill both memories with what the script's own generator gives, and draw from them."""
    host.append(2)
    host.append(3)
    host.append(1)
    host.do("sent")
    host.poll("n_classes", 3)
    if host.chip.sampler.selection == "weighted":
        host.weigh([0.2, 0.5, 0.3])
        host.do("sent")
    host.draw(9, label=1)
    if host.chip.factors:
        assert host.basis(4)
    host.draw(9)
    host.learn(40)
    for label in range(5):
        host.recall(4, label)


def made_with(chip: ChipParams, seed: int) -> ChipParams:
    sampler, latent = replace(chip.sampler, seed=seed), replace(chip.latent, seed=seed)
    return replace(chip, sampler=sampler, latent=latent)


def answers(host: Script) -> list[list[Any]]:
    return [operation for operation in host.operations if operation[0] == "expect"]


def test_a_reset_replays_the_draws_and_seeds_give_those_of_another_chip(
    name: str, run: Run
) -> None:
    """After a packet of seeds, the chip does all that golden says of a chip made with them."""
    host, new = script(name, seed=4), 20260801
    past(host)
    first = answers(host)
    for reset in (host.soft_reset, host.reset, host.soft_reset):
        other = Script(made_with(CHIPS[name], new), NETWORK, seed=4)
        past(other)
        again = script(name, seed=4)
        past(again)
        assert answers(again) == first
        assert all(a != b for a, b in zip(answers(other), first, strict=True))
        reset()
        host.operations += again.operations
        host.soft_reset()
        host.reseed(new)
        host.operations += other.operations
        host.read("errors", 0)
    run(name, host, 0.3)


def test_draws_of_another_seed_are_told_apart(run: Run) -> None:
    host = Script(made_with(CHIPS["parallel"], 77), NETWORK)
    past(host)
    host.chip = CHIPS["parallel"]  # it runs on this one
    with pytest.raises(BenchError, match=r"expect: packet 0 of kind 2 is"):
        run("parallel", host)


def test_bases_change_what_is_drawn_behind_them(run: Run) -> None:
    """One follows another; one that is refused, or cut short, leaves none, or zeros."""
    host, flag = script("factors", seed=3), FIELDS["errors_basis"][1].mask
    host.load()
    host.costs(hamming_table(4))
    for count in (2, 1, 3):
        assert host.append(count)
    host.settle()
    host.draw(5, label=2)
    for exponent, lowest in ((3, False), (6, False), (2, True), (15, False), (0, False)):
        assert host.basis(exponent, lowest) is not lowest
        host.settle()
        host.read("errors", flag * host.sampler.refused)
        host.read("status", 0 if lowest else FIELDS["status_basis"][1].mask)
        host.draw(7)
        exemplars = host.operations.pop()
        host.pictures(host.images(2), 1 | 8)
        host.operations.append(exemplars)
        host.draw(3, label=1)
        assert host.remove(0) if exponent == 6 else host.replace(1, 1)
        host.settle()
    host.read("errors", flag)
    host.read("factor_reads", host.factor_reads)
    host.soft_reset()
    host.read("errors", 0)
    host.read("status", 0)
    host.append(2)
    host.settle()
    host.draw(5, label=0)
    for packet in (
        Packet(Target.BASIS, 0, 16, 0, [1] * 9),
        Packet(Target.BASIS, 0, 4, 0, [0o71235320] * 8),  # the last row is missing, and counts as 0
    ):
        host.send(packet)
        host.settle()
        host.read("errors", 1)
        host.write("errors", 1)
    host.sampler.load_basis(loadings_of([0o71235320] * 8 + [0]), 4)
    host.draw(9, label=0)
    host.read("errors", 0)
    run("factors", host, 0.3)


def loadings_of(rows: list[int]) -> NDArray[np.int64]:
    """Return the loadings of 20 features in rows of 8 lanes of 3 bits, three rows a beat."""
    codes = np.array([[row >> 3 * lane & 7 for lane in range(8)] for row in rows])
    signed = np.where(codes > 3, codes - 8, codes)
    return signed.reshape(3, 3, 8).transpose(0, 2, 1).reshape(24, 3)[:20]


def test_a_basis_is_taken_between_two_exemplars(run: Run) -> None:
    """It comes while some are drawn; each of them is drawn with it or without it."""
    counts = []
    for old in range(9):
        host = script("factors", seed=8)
        host.append(1)
        host.do("sent")
        host.poll("n_classes", 1)
        host.start(Source.SAMPLER, 0, 8)
        before = host.drawn([0] * old)
        assert host.basis(8)
        host.expect(Kind.EXEMPLAR, before + host.drawn([0] * (8 - old)))
        try:
            run("factors", host, 0.4)
        except BenchError:
            continue
        counts.append(old)
    assert len(counts) == 1
    cover("chip: request drawn before a basis", counts[0])
    assert 0 < counts[0] < 8


def test_draw_while_drawing_is_ignored(run: Run) -> None:
    host = script("parallel")
    host.append(1)
    host.do("sent")
    host.poll("n_classes", 1)
    host.draw(200, label=0)
    expected = host.operations.pop()
    host.start(Source.LATENT, 0, 5)
    host.read("errors", 2)
    host.operations.append(expected)
    host.read("draw_left", 0)
    host.read("errors", 2)
    run("parallel", host)


def begin(host: Script, operation: str) -> None:
    """Begin something that a reset is to interrupt."""
    before, host.operations = host.operations, []
    if operation == "load":
        host.load()
    elif operation == "append":
        host.append(2)
        host.append(3)
    elif operation == "picture":
        host.pictures(host.images(3), 7, learn=[1, 2, 3])
    elif operation == "draw":
        host.append(2)
        host.poll("n_classes", 1)
        host.draw(60, label=0)
    elif operation == "learn":
        host.learn(12)
    elif operation == "basis":
        host.append(2)
        assert host.basis(5)
    else:
        host.learn(4)
        host.recall(40, int(host.latent.seen.argmax()))
    host.operations = [*before, *(op for op in host.operations if op[0] != "expect")]


@pytest.mark.parametrize("hard", [False, True], ids=["soft", "hard"])
@pytest.mark.parametrize(
    ("operation", "name"),
    [
        *((operation, "parallel") for operation in OPERATIONS),
        ("draw", "serial"),  # two exemplars a request, whose packets lie in one another
        ("basis", "factors"),
    ],
    indirect=["name"],
)
def test_reset_in_the_middle_and_again_from_the_start(
    operation: str, name: str, hard: bool, run: Run
) -> None:
    """Whatever is cut short, at several moments: the chip is as new."""
    host = script(name)
    host.load()
    host.do("sent")
    for wait in (1, 7, 30, 101, 240):
        begin(host, operation)
        host.cut_short(wait, hard)
        host.read("n_classes", 0)
        host.read("n_components", 0)
        host.read("pictures", 0)
        if operation == "load":
            host.load()
        host.pictures(host.images(1), 7, learn=[3])
        host.append(2)
        host.do("sent")
        host.poll("n_classes", 1)
        host.draw(10)
        host.recall(2, 3)
    result = run(name, host, 0.2)
    cover_resets(operation, hard, result)
    if operation == "draw":  # cut in the midst of packets, which a soft reset ends
        assert (result["aborted"] > 0) is not hard


@pytest.mark.parametrize(
    ("access", "held", "levels"),
    [
        ("write", [], {}),
        ("read", [], {}),
        ("write", ["w"], {"awready": 0, "wready": 1, "bvalid": 0}),
        ("write", ["aw"], {"awready": 1, "wready": 0, "bvalid": 0}),
        ("write", ["b"], {"awready": 0, "wready": 0, "bvalid": 1}),
        ("read", ["ar"], {"arready": 1, "rvalid": 0}),
        ("read", ["r"], {"arready": 0, "rvalid": 1}),
    ],
    ids=[
        "write", "read", "address_alone", "data_alone", "written_and_next",
        "before_read", "read_and_next",
    ],
)  # fmt: skip
def test_reset_in_the_middle_of_an_access(
    access: str, held: list[str], levels: dict[str, int], run: Run
) -> None:
    """Nothing is left of it: settings are as at first, and the next access is answered."""
    host = script("parallel")
    first = {
        register.name: sum(field.reset << field.low for field in register.fields)
        for register in REGISTERS
        if {field.access for field in register.fields} == {"rw"}
    }
    for wait in (8,) if held else range(1, 9):
        for register in first:
            host.write(register, 0xFFF)
        host.do("cut_short", access, OFFSETS["draw_source"], held, wait, levels)
        for register, value in first.items():
            host.read(register, value)
        host.write("draw_count", 9)
        host.read("draw_count", 9)
    host.append(1)
    host.do("sent")
    host.poll("n_classes", 1)
    host.draw(3, label=0)
    run("parallel", host)
