# SPDX-License-Identifier: MIT
"""Registers that say how large a chip is and what it has: they are constant."""

from rtl.register_fields import Field, Register, bit, halves, whole

__all__ = ["HIDDEN_REGISTERS", "SIZE_REGISTERS"]

#: They follow the counters of every chip.
SIZE_REGISTERS = (
    halves(
        "shape",
        0x80,
        "Vectors",
        "features: D, bits of an embedding",
        "lanes: L, bits of a beat",
    ),
    halves(
        "codes",
        0x84,
        "Codes and draws",
        "width: q, bits of a code",
        "draws: M, exemplars a request",
    ),
    Register(
        name="modes",
        offset=0x88,
        text="How the sampler works, what watches over its memory, and how the head learns",
        fields=(
            Field(
                name="serial",
                access="ro",
                width=16,
                text="0 all planes in a cycle, 1 one plane a cycle",
            ),
            Field(
                name="selection",
                access="ro",
                low=16,
                width=8,
                text="0 round robin, 1 uniform, 2 weighted",
            ),
            Field(
                name="secded",
                access="ro",
                low=24,
                width=4,
                text="u, uppermost planes of prototypes that have check bits",
            ),
            bit("self_test", 28, "The prototype memory can be tested"),
            bit("scrub", 29, "The prototype memory has a scrubber"),
            bit("hidden", 30, "The head that learns has a hidden layer"),
        ),
    ),
    halves(
        "table",
        0x8C,
        "Class table",
        "classes: entries",
        "class_components: largest number of components of a class",
    ),
    whole("components", 0x90, "Components the prototype memory holds"),
    halves(
        "latent",
        0x94,
        "Latent buffer",
        "exemplars: slots of a class",
        "classes: classes",
    ),
    halves(
        "mvu",
        0x98,
        "Matrix-vector unit",
        "pe: bits 14..0: PE, neurons of a unit at once; bit 15: there are two units side by side",
        "simd: inputs at once",
    ),
    halves(
        "network",
        0x9C,
        "Network",
        "pixel_bits: b, bits of a pixel",
        "classes: largest number of classes of a head",
    ),
    whole("channels", 0xA0, "Largest number of channels of a map"),
    whole("weight_depth", 0xA4, "Rows of the weight memory"),
    whole("tile_depth", 0xA8, "Rows of the threshold memory"),
    whole("map_depth", 0xAC, "Words of each feature memory"),
    whole("program_depth", 0xB0, "Layers a program holds"),
    halves(
        "learner",
        0xB4,
        "Blocks that learn and name classes; 0 where there is none",
        "slots: S, classes that are counted at a time",
        "table_width: t, bits of a base and of a weight",
    ),
    halves(
        "head",
        0xB8,
        "Head that learns; 0 where there is none",
        "width: q_b, bits of a weight",
        "batch: most exemplars of a command",
    ),
    halves(
        "factors",
        0xBC,
        "Factors of the sampler; 0 where its bits are independent",
        "rank: R, factors of an exemplar",
        "loading_width: q_a, bits of a loading",
    ),
    halves(
        "mixture",
        0xF4,
        "Components that compete in a slot; 0 where none do",
        "components: K, components of a class that is counted",
        "handicap_shift: s, by which they compete",
    ),
    whole(
        "head_latent",
        0xF8,
        "q_v, bits of a latent weight of the head's hidden layer that learns; 0 where none does",
    ),
)

#: They are there if `modes.hidden` is.
HIDDEN_REGISTERS = (
    whole(
        "head_hidden", 0xF0, "H, neurons of the hidden layer of the head, only with `modes.hidden`"
    ),
)
