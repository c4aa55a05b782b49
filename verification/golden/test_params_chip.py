# SPDX-License-Identifier: MIT
"""Parameters of the chip: every message quoted."""

import re
from dataclasses import replace
from typing import Any

import pytest

from golden.params import (
    AcceleratorParams,
    ChipParams,
    LatentBufferParams,
    MvuParams,
    PrototypesParams,
    SamplerParams,
    TrainerParams,
    WatchParams,
)

CHIP: dict[str, Any] = {
    "accelerator": AcceleratorParams(mvu=MvuParams(simd=32), classes=5),
    "sampler": SamplerParams(
        prototypes=PrototypesParams(features=40, code_width=4, lanes=16, classes=5)
    ),
    "latent": LatentBufferParams(features=40, lanes=16, classes=5),
}


def head(**given: Any) -> TrainerParams:
    return TrainerParams(**{"features": 40, "lanes": 16, "classes": 5, **given})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"latent": LatentBufferParams(features=41, lanes=16, classes=5)},
            "Features D of the latent buffer must be 40 as of the sampler, not 41",
        ),
        (
            {"latent": LatentBufferParams(features=40, lanes=8, classes=5)},
            "Lanes L of the latent buffer must be 16 as of the sampler, not 8",
        ),
        (
            {"latent": LatentBufferParams(features=40, lanes=16, classes=6)},
            "Classes of the latent buffer must be 5 as of the sampler, not 6",
        ),
        (
            {"accelerator": AcceleratorParams(mvu=MvuParams(), classes=4)},
            "Classes of the head must be 5 as of the sampler, not 4",
        ),
        (
            {"accelerator": AcceleratorParams(mvu=MvuParams(simd=24), classes=5)},
            "MVU inputs SIMD must divide the lanes L = 16 or be a multiple of them, not 24",
        ),
        ({"slots": -1}, "Slots of a chip must be an integer in 0..4096, not -1"),
        ({"batch": 0}, "Batch of a chip must be an integer in 1..4095, not 0"),
        ({"batch": 4096}, "Batch of a chip must be an integer in 1..4095, not 4096"),
        # Codes have four planes, and 16 lanes six check bits a plane, of at most 32 a row.
        ({"watch": WatchParams(secded=6)}, "Protected planes must be an integer in 1..4, not 6"),
        (
            {"head": head(features=41)},
            "Features D of the head that learns must be 40 as of the sampler, not 41",
        ),
        (
            {"head": head(lanes=8)},
            "Lanes L of the head that learns must be 16 as of the sampler, not 8",
        ),
        (
            {"head": head(classes=6)},
            "Classes of the head that learns must be 5 as of the sampler, not 6",
        ),
        (
            {"head": head(hidden=1024, binary_width=1)},
            "Hidden neurons H of the head that learns must be an integer in 0..1023, not 1024",
        ),
        (
            {"head": head(forward_width=16)},
            "Forward width q_f of the head that learns must be 8, not 16",
        ),
        (
            {"head": head(forward_width="float", backward_width="float")},
            "Forward width q_f of the head that learns must be 8, not float",
        ),
        (
            {"head": head(), "sampler": replace(CHIP["sampler"], draws_per_read=2)},
            "Draws per read M beside a head that learns must be 1, not 2",
        ),
        ({"table_width": 41}, "Table width t of a chip must be an integer in 0..40, not 41"),
        ({"table_width": 9, "table_fold": 3}, "Fold must divide the lanes L = 16, not 3"),
    ],
)
def test_messages_of_the_chip(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        ChipParams(**{**CHIP, **given})


@pytest.mark.parametrize(
    ("given", "draws", "message"),
    [
        ({"features": 65536}, 1, "Features D of a chip must be an integer in 1..65535, not 65536"),
        ({"classes": 4097}, 1, "Classes of a chip must be an integer in 1..4096, not 4097"),
        ({}, 65536, "Draws per read M of a chip must be an integer in 1..65535, not 65536"),
    ],
)
def test_a_chip_has_limits_of_its_own(given: dict[str, Any], draws: int, message: str) -> None:
    prototypes = PrototypesParams(**{"features": 40, "code_width": 4, "classes": 5, **given})
    with pytest.raises(ValueError, match=re.escape(message)):
        ChipParams(
            accelerator=AcceleratorParams(mvu=MvuParams(), classes=prototypes.classes),
            sampler=SamplerParams(prototypes=prototypes, draws_per_read=draws),
            latent=LatentBufferParams(features=prototypes.features, classes=prototypes.classes),
        )


def test_a_cost_fits_the_word_of_its_answer() -> None:
    chip = ChipParams(**CHIP, table_width=40)
    assert chip.classifier is not None
    assert chip.classifier.cost_width == 47
    wide = PrototypesParams(features=4096, code_width=4, classes=5)
    message = "Bits of a cost of a chip must be an integer in 1..52, not 53"
    with pytest.raises(ValueError, match=re.escape(message)):
        ChipParams(
            accelerator=AcceleratorParams(mvu=MvuParams(), classes=5),
            sampler=SamplerParams(prototypes=wide),
            latent=LatentBufferParams(features=4096, classes=5),
            table_width=40,
        )


def test_blocks_that_learn_are_left_out_unless_asked_for() -> None:
    bare, whole = ChipParams(**CHIP), ChipParams(**CHIP, slots=2, table_width=18)
    assert (bare.counter, bare.classifier, bare.shared) == (None, None, False)
    assert whole.shared
    folded = replace(whole, table_fold=8).classifier
    assert folded is not None
    assert folded.tables == whole.sampler.prototypes.lanes // 8
    assert whole.counter is not None
    assert (whole.counter.slots, whole.counter.prototypes) == (2, whole.sampler.prototypes)
    assert bare.head is None
    trained = ChipParams(**CHIP, head=head())
    assert (bare.hidden, trained.hidden) == (0, 0)
    for given, width in ((head(hidden=7, binary_width=1), 0), (head(hidden=7, binary_width=8), 8)):
        chip = ChipParams(**CHIP, head=given)
        assert (chip.hidden, chip.latent_width) == (7, width)
    assert (bare.latent_width, trained.latent_width) == (0, 0)
    assert (trained.head, trained.batch, trained.shared) == (head(), 128, False)


def test_components_compete_in_the_slots_of_a_chip_that_asks_for_it() -> None:
    prototypes = replace(CHIP["sampler"].prototypes, class_components=3)
    given = {**CHIP, "sampler": replace(CHIP["sampler"], prototypes=prototypes), "slots": 2}
    assert ChipParams(**given).mixture is None
    chip = ChipParams(**given, slot_components=3, handicap_shift=7)
    mixture = chip.mixture
    assert mixture is not None
    assert chip.counter is not None
    assert (mixture.components, mixture.handicap_shift) == (3, 7)
    mixture.check_fits(chip.counter.prototypes)
    few = replace(prototypes, components=2)
    for wrong, message in (
        (
            {"slots": 0, "slot_components": 3},
            "Components K of a slot must be 1 in a chip without slots, not 3",
        ),
        (
            {"sampler": replace(CHIP["sampler"], prototypes=few), "slot_components": 3},
            "Components K of a slot must be at most 2, the components of the sampler's prototypes",
        ),
        (
            {"slot_components": 4},
            "Components K of a slot must be at most 3, the class_components of the",
        ),
        ({"slot_components": 0}, "Components K of a slot must be an integer in 1..255, not 0"),
        ({"handicap_shift": 32}, "Handicap shift s of a chip must be an integer in 0..31, not 32"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            ChipParams(**{**given, **wrong})


def test_a_command_can_name_all_classes_of_a_head() -> None:
    prototypes = PrototypesParams(features=40, code_width=4, lanes=16, classes=4096)
    message = "Classes beside a head that learns must be an integer in 1..4095, not 4096"
    with pytest.raises(ValueError, match=re.escape(message)):
        ChipParams(
            accelerator=AcceleratorParams(mvu=MvuParams(), classes=4096),
            sampler=SamplerParams(prototypes=prototypes),
            latent=LatentBufferParams(features=40, lanes=16, classes=4096),
            head=head(classes=4096),
        )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("accelerator", "Accelerator must be AcceleratorParams, not None"),
        ("sampler", "Sampler must be SamplerParams, not None"),
        ("latent", "Latent buffer must be LatentBufferParams, not None"),
    ],
)
def test_a_chip_takes_parameters_of_its_blocks(name: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        ChipParams(**{**CHIP, name: None})


def test_a_head_that_learns_has_parameters_of_its_own() -> None:
    with pytest.raises(TypeError, match="Head that learns must be TrainerParams, not 8"):
        ChipParams(**{**CHIP, "head": 8})


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"secded": 11}, ValueError, "Protected planes must be an integer in 0..10, not 11"),
        ({"secded": True}, TypeError, "Protected planes must be an integer in 0..10, not True"),
        ({"self_test": 1}, TypeError, "Self-test must be true or false, not 1"),
    ],
)
def test_messages_of_a_watch(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        WatchParams(**given)


def test_a_watch_must_be_one_and_its_rows_must_have_addresses() -> None:
    with pytest.raises(TypeError, match=r"^Watch must be WatchParams, not 2$"):
        ChipParams(**{**CHIP, "watch": 2})
    many = replace(CHIP["sampler"].prototypes, components=2**20)
    with pytest.raises(ValueError, match=r"^Rows of prototypes of a self-test must be an integer "):
        ChipParams(**{
            **CHIP,
            "sampler": replace(CHIP["sampler"], prototypes=many),
            "watch": WatchParams(self_test=True),
        })  # fmt: skip


def test_check_bits_of_a_row() -> None:
    assert WatchParams().check_bits(64) == 0
    assert WatchParams(secded=2).check_bits(64) == 16
    assert WatchParams(secded=3).check_bits(8) == 15
