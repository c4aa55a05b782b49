# SPDX-License-Identifier: MIT
"""The chip on a board that has a clock, a button and a serial port (docs/board.md)."""

from amaranth.hdl import Cat, ClockDomain, Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams
from rtl.chip import Chip
from rtl.chip_buses import connect_buses
from rtl.serial_bridge import SerialBridge
from rtl.uart import FRAME, UartReceiver, UartTransmitter, checked_divisor

__all__ = ["Board"]

SYNCHRONIZER = 3  # registers between the button and the reset, all set when the power comes


class Board(wiring.Component):
    """Chip, serial port and reset, with nothing outside but pins.

    A host at the other end of the serial port reads and writes registers, and sends and receives
    packets (`rtl.driver.serial_bus`). Everything is reset when the power comes, and by the button.

    Parameters
    ----------
    params : ChipParams
    divisor : int
        Cycles of a bit on the serial port, at least 4.
    low : bool, optional
        Whether the button gives 0 while it is pressed.
    light : bool, optional
        Whether there is `irq`.

    Members
    -------
    clk : In(1)
        The only clock.
    button : In(1)
        Button that resets, not synchronous to the clock.
    rx, tx : In(1), Out(1)
        Wires of the serial port, as seen from here.
    irq : Out(1)
        Interrupt of the chip, for a light, if there is one.
    """

    #: Cycles from the middle of the stop bit of a word's last byte to the chip.
    latency = UartReceiver.latency + SerialBridge.latency

    def __init__(
        self, params: ChipParams, divisor: int, low: bool = False, light: bool = True
    ) -> None:
        self.params, self.divisor = params, checked_divisor(divisor)
        self.low, self.light = low, light
        #: Cycles from one byte on a wire to the next.
        self.interval = FRAME * divisor
        super().__init__({
            "clk": In(1),
            "button": In(1),
            "rx": In(1, init=1),
            "tx": Out(1, init=1),
            **({"irq": Out(1)} if light else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = domain = ClockDomain(reset_less=True)
        pressed, chain = Signal(), Signal(SYNCHRONIZER, init=2**SYNCHRONIZER - 1)
        m.d.comb += [domain.clk.eq(self.clk), pressed.eq(~self.button if self.low else self.button)]
        m.d.sync += chain.eq(Cat(pressed, chain[:-1]))
        m.submodules.running = ResetInserter(chain[-1])(self._running())
        return m

    def _running(self) -> Module:
        """Return all that is reset."""
        m = Module()
        m.submodules.chip = chip = Chip(self.params)
        m.submodules.bridge = bridge = SerialBridge()
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        wiring.connect(m, receiver.o, bridge.i)
        wiring.connect(m, bridge.o, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            bridge.lost.eq(receiver.lost),
            self.tx.eq(transmitter.tx),
        ]
        if self.light:
            m.d.comb += self.irq.eq(chip.irq)
        connect_buses(m, chip, bridge)
        return m
