# SPDX-License-Identifier: MIT
"""What runs inside a simulator of the chip: a script of accesses and packets, on others' buses."""

import json
import logging
import random
import struct
from collections import defaultdict
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, SimTimeoutError, with_timeout
from cocotb.utils import get_sim_time
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

PERIOD = 2  # ns of a cycle
PATIENCE = 30_000  # cycles that an operation may take, unless the case has its own
RESPONSES = {0: "OKAY", 2: "SLVERR"}


class Failure(AssertionError):
    """The chip did what it must not."""


class Host:
    """Runs the operations of a script, each a list of its name and its arguments."""

    def __init__(self, dut: Any, pauses: float, seed: int) -> None:
        self.dut = dut
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
        self.received: dict[int, list[list[list[int]]]] = defaultdict(list)
        self.noted: list[tuple[int, int]] = []
        self.seen: list[dict[str, int]] = []
        self.aborted = 0
        self.packets = 0
        if pauses:
            cocotb.start_soon(self._pause(pauses, seed))

    async def run(self, script: list[list[Any]], patience: int) -> None:
        """Run all operations; one that fails, or takes too long, is named by its number."""
        for number, (name, *arguments) in enumerate(script):
            operation = cocotb.start_soon(getattr(self, name)(*arguments))
            try:
                await with_timeout(operation, patience * PERIOD, "ns")
            except Failure as failure:
                raise Failure(f"operation {number}, {name}: {failure}") from None
            except SimTimeoutError:
                raise Failure(f"operation {number}, {name}: it never ended") from None

    async def write(self, address: int, data: int, response: str = "OKAY") -> None:
        got = await self.master.write(address, data.to_bytes(4, "little"))
        if RESPONSES[int(got.resp)] != response:
            raise Failure(f"{address:#x} answered {got.resp}, not {response}")

    async def read(self, address: int, expected: int, response: str = "OKAY") -> None:
        got = await self.master.read(address, 4)
        value = int.from_bytes(got.data, "little")
        if (RESPONSES[int(got.resp)], value) != (response, expected):
            raise Failure(f"{address:#x} is {value:#x}, {got.resp}; expected {expected:#x}")

    async def write_bytes(self, address: int, data: list[int], response: str) -> None:
        """Write some bytes, so that not all strobes of their word are set."""
        got = await self.master.write(address, bytes(data))
        if RESPONSES[int(got.resp)] != response:
            raise Failure(f"{address:#x} answered {got.resp}, not {response}")

    async def poll(self, address: int, mask: int, expected: int) -> None:
        """Read until the bits of `mask` are as expected."""
        while True:
            got = await self.master.read(address, 4)
            if int.from_bytes(got.data, "little") & mask == expected:
                return

    async def irq(self, level: int) -> None:
        """The interrupt line has a level."""
        if int(self.dut.irq.value) != level:
            raise Failure(f"irq is {self.dut.irq.value}, expected {level}")

    async def note(self, address: int) -> None:
        """Read what nobody can foretell, and leave it in the result."""
        got = await self.master.read(address, 4)
        self.noted.append((address, int.from_bytes(got.data, "little")))

    async def see(self, ports: list[str]) -> None:
        """Leave the levels of some ports in the result."""
        self.seen.append({name: int(getattr(self.dut, name).value) for name in ports})

    async def send(self, words: list[int]) -> None:
        """Send a packet, behind those that are still to go."""
        await self.source.send(AxiStreamFrame(struct.pack(f"<{len(words)}Q", *words)))

    async def send_bytes(self, data: list[int], kept: list[int]) -> None:
        """Send a packet of bytes, of which `tkeep` leaves out some."""
        await self.source.send(AxiStreamFrame(bytes(data), list(kept)))

    async def sent(self) -> None:
        """Wait until all packets have gone."""
        await self.source.wait()

    async def hold(self, held: int) -> None:
        """Take no more words, or take them again."""
        self.sink.pause = bool(held)

    async def cycles(self, count: int) -> None:
        await ClockCycles(self.dut.clk, count)

    async def expect(self, kind: int, packets: list[list[list[int]]]) -> None:
        """Take packets of a kind, each a list of words and a list of their labels."""
        self._sort()
        while len(self.received[kind]) < len(packets):
            await RisingEdge(self.dut.clk)
            self._sort()
        got, self.received[kind] = (
            self.received[kind][: len(packets)],
            self.received[kind][len(packets) :],
        )
        for number, (packet, wanted) in enumerate(zip(got, packets, strict=True)):
            if packet != wanted:
                raise Failure(f"packet {number} of kind {kind} is {packet}, expected {wanted}")

    async def nothing(self) -> None:
        """Nothing that was not expected has come."""
        await self.cycles(50)
        self._sort()
        left = {kind: len(packets) for kind, packets in self.received.items() if packets}
        if left:
            raise Failure(f"packets came that nobody expects: {left} by kind")

    async def discard(self) -> None:
        """Forget what has come, whole or not."""
        await self.cycles(200)
        self._sort()
        self.received.clear()

    async def reset(self) -> None:
        """Pull the reset for some cycles; the buses are reset with it."""
        self.source.clear()
        self.dut.rst.value = 1
        await self.cycles(3)
        self.dut.rst.value = 0
        self.sink.clear()
        self.received.clear()
        await self.cycles(2)

    async def cut_short(
        self, access: str, address: int, held: list[str], wait: int, levels: dict[str, int]
    ) -> None:
        """Begin to write or read two registers, holding some channels; reset some cycles later.

        `levels` are those of handshake wires in the last cycle before the reset.
        """
        channels = [self._channels()[name] for name in held]
        for channel in channels:
            channel.pause = True
        arguments = (bytes(range(1, 9)),) if access == "write" else (8,)
        under_way = cocotb.start_soon(getattr(self.master, access)(address, *arguments))
        await self.cycles(wait)
        met = {name: int(getattr(self.dut, f"s_axil_{name}").value) for name in levels}
        if met != levels:
            raise Failure(f"{met} were met, expected {levels}")
        await self.reset()
        under_way.cancel()
        for channel in channels:
            channel.pause = False

    def _sort(self) -> None:
        while not self.sink.empty():
            frame = self.sink.recv_nowait(compact=False)
            if not all(frame.tkeep):
                raise Failure(f"a packet lacks bytes: {frame}")
            users = [int(user) for user in frame.tuser[::8]]
            self.packets += 1
            if users[-1] & 8:
                self.aborted += 1
                continue
            if len({user & 7 for user in users}) != 1:
                raise Failure(f"a packet of several kinds came: {frame}")
            words = [word for (word,) in struct.iter_unpack("<Q", bytes(frame.tdata))]
            self.received[users[0] & 7].append([words, [user >> 4 for user in users]])

    async def _pause(self, probability: float, seed: int) -> None:
        """Let every channel pause at random, by coins of its own.

        One task does it for all: with `set_pause_generator`, each would wake a task of its own in
        every cycle, which takes longer than the rest of a run.
        """
        channels = [self.source, self.sink, *self._channels().values()]
        coins = [(channel, random.Random(seed + n).random) for n, channel in enumerate(channels)]
        edge = RisingEdge(self.dut.clk)
        while True:
            for channel, coin in coins:
                channel.pause = coin() < probability
            await edge

    def _channels(self) -> dict[str, Any]:
        """Return the channels of the registers' bus."""
        write, read = self.master.write_if, self.master.read_if
        return {
            "aw": write.aw_channel, "w": write.w_channel, "b": write.b_channel,
            "ar": read.ar_channel, "r": read.r_channel,
        }  # fmt: skip


@cocotb.test()
async def bench(dut: Any) -> None:
    """Run the script of ``case.json``."""
    logging.getLogger("cocotb").setLevel(logging.WARNING)
    case = json.loads(Path("case.json").read_text())
    dut.rst.value = 1
    Clock(dut.clk, PERIOD, "ns").start()
    host = Host(dut, case["pauses"], case["seed"])
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 2)
    result: dict[str, Any] = {}
    try:
        await host.run(case["script"], case.get("patience", PATIENCE))
        result["aborted"] = host.aborted
        result["noted"] = host.noted
        result["seen"] = host.seen
        result["cycles"] = round(get_sim_time("ns") / PERIOD)
        result["packets"] = host.packets
    except Failure as failure:
        result["error"] = str(failure)
    Path("result.json").write_text(json.dumps(result))
