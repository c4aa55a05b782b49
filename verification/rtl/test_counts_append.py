# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""How long a class takes from the words of its packet to its last row, held to the hardware."""

import pytest

from golden.params import ChipParams
from rtl.dispatch import Dispatch
from rtl.headers import Target
from rtl.packets import Packet
from sim.cost.counts import chip
from verification.rtl.chips import make_chip
from verification.rtl.simulators import run_pysim
from verification.rtl.test_dispatch import CHIPS, bench, size_of


@pytest.mark.parametrize("params", [*CHIPS, make_chip(code_width=8, lanes=16)])
@pytest.mark.parametrize("components", [1, 3])
def test_a_class_is_appended_in_the_cycles_of_its_words(
    params: ChipParams, components: int
) -> None:
    packet = Packet(Target.APPEND, index=components)
    packet.words.extend(range(size_of(params, packet)))
    assert len(packet.stream) == chip.append_words(params, components)
    passed = run_pysim(Dispatch(params), bench(params, [packet])).transfers
    cycles = passed["o"][-1] - passed["i"][0] + 1
    assert cycles == chip.append_cycles(params, components)
