# SPDX-License-Identifier: MIT
"""Registers of chips whose prototypes have check bits, or whose memory of them tests itself."""

from rtl.register_fields import Field, Register, bit, whole

__all__ = ["SCRUB_REGISTERS", "SECDED_REGISTERS", "SELF_TEST_REGISTERS"]

#: They are there if `modes.self_test` is.
SELF_TEST_REGISTERS = (
    Register(
        name="memory_test",
        offset=0xC0,
        text="Self-test of the prototype memory, only with `modes.self_test`",
        fields=(
            bit(
                "start",
                0,
                "Do what `control.soft_reset` does, then test the memory; what comes for it waits",
                access="w1s",
            ),
            bit("next", 1, "Take the failure that waits", access="w1s"),
            bit("listed", 2, "Failures wait, each until it is taken", access="rw"),
            Field(name="running", access="ro", low=8, width=1, text="A test is under way"),
            Field(name="waiting", access="ro", low=9, width=1, text="A failure waits"),
        ),
    ),
    whole("failing_words", 0xC4, "Rows that the test found wrong"),
    whole("failing_bits", 0xC8, "Bits that it found wrong, stuck ones once each"),
    whole("failing_first", 0xCC, "The row it found wrong first, if there is one"),
    Register(
        name="failure",
        offset=0xD0,
        text="Where the failure is that waits",
        fields=(
            Field(name="row", access="ro", low=0, width=20, text="Row of the prototype memory"),
            Field(
                name="part",
                access="ro",
                low=20,
                width=8,
                text="Which 32 bits of the row, the check bits above the codes",
            ),
            Field(
                name="element",
                access="ro",
                low=28,
                width=3,
                text="Element of the march: zeros were to be read in 1, 3 and 5, ones in 2 and 4",
            ),
        ),
    ),
    whole("failure_bits", 0xD4, "Bits of these 32 that were wrong"),
)

#: They are there if `modes.secded` is not 0.
SECDED_REGISTERS = (
    whole(
        "corrected",
        0xD8,
        "Words of prototypes that were read as if one bit were wrong, which was inverted; reads of "
        "a scrubber do not count; stops at its highest number; only with `modes.secded`",
        "wc",
    ),
    whole(
        "uncorrected",
        0xDC,
        "Words of prototypes that were read as if more bits were wrong than can be put right; "
        "likewise",
        "wc",
    ),
)

#: They are there if `modes.scrub` is.
SCRUB_REGISTERS = (
    whole(
        "scrub_interval",
        0xE0,
        "Cycles from one row that the scrubber reads to the next, more while the prototype memory "
        "is in use; 1 acts as 2, 0 stops it; only with `modes.scrub`",
        "rw",
    ),
    whole("scrub_reads", 0xE4, "Rows it has read; stops at its highest number", "wc"),
    whole("scrub_writes", 0xE8, "Rows it has put right and written back; likewise", "wc"),
    whole(
        "scrub_failures",
        0xEC,
        "Times it left a row because a word of it cannot be put right; likewise",
        "wc",
    ),
)
