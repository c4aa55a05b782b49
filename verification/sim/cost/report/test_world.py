# SPDX-License-Identifier: MIT

from sim.cost.published.chips import OUT_OF_SCOPE
from sim.cost.published.comparison import published_rows, summary
from sim.cost.published.papers import paper_values
from sim.cost.report.world import world_section


def test_every_chip_and_every_value_has_a_row_with_its_verdict() -> None:
    text = world_section()
    for row in published_rows():
        at = "-" if row.voltage is None else f"{row.voltage:g}"
        node = "-" if row.node is None else f"{row.node:g}"
        start = f"| {row.chip} | {row.scope} | {node} | {at} |"
        end = f"| {row.role} | {row.note} |"
        line = next(x for x in text.splitlines() if x.startswith(start) and x.endswith(end))
        assert (f"| {row.ratio:.2f} |" in line) if row.ratio is not None else ("| - | - |" in line)
    for value in paper_values():
        prefix = f"| {value.paper} | {value.place} | {value.what} |"
        line = next(li for li in text.splitlines() if li.startswith(prefix))
        assert f"| {'yes' if value.equal else '**no**'} | {value.note} |" in line


def test_refused_kinds_are_named() -> None:
    text = world_section()
    for why in OUT_OF_SCOPE.values():
        assert f"| not modelled | {why} |" in text


def test_the_band_is_that_of_what_was_held_out() -> None:
    band = summary(published_rows())
    assert f"**Held out, {band.rows} figures: modelled and published differ" in world_section()
    assert f"{band.worst:.2f} at worst" in world_section()
