# SPDX-License-Identifier: MIT
"""Configurations: the reference is the chip of the synthesis report; errors name their place."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.network import Network
from golden.params import HeadParams
from rtl.catalogue import BLOCKS
from sim.cost.configuration import load_cost
from sim.data.networks import load_network
from sim.work.errors import UserError
from verification.sim.cost.small_chip import small_config, write_chip


def test_the_reference_is_the_chip_of_the_synthesis_report() -> None:
    reference = load_cost("reference")
    # The price of counting has slots of its own, one for each class of a task; naming has none.
    bare = {"slots": 0, "table_width": 0, "table_fold": 1}
    assert reference.chip == replace(BLOCKS["chip"].arguments("full")["params"], **bare)
    assert reference.network == load_network("fbnn-1M-wide")
    assert (reference.clock, reference.retention) == (50e6, 86_400)


def test_a_configuration_names_what_differs_from_the_reference(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    reference = load_cost("reference")
    assert config.chip.accelerator.mvu.pe == 4
    assert config.chip.sampler.mode == reference.chip.sampler.mode
    assert config.chip.latent.seed == reference.chip.latent.seed
    assert (config.clock, config.retention) == (1e6, 43_200)
    assert config.task.embeddings == "buffer"


@pytest.mark.parametrize(("classes", "hidden"), [(6, 4), (5, 4), (6, 0)])
def test_the_head_is_that_of_the_task_over_all_classes_kept(
    tmp_path: Path, classes: int, hidden: int
) -> None:
    path = write_chip(tmp_path, "memory: {classes: 6", f"memory: {{classes: {classes}")
    path.write_text(path.read_text().replace("hidden: 4", f"hidden: {hidden}"))
    head = HeadParams(features=16, hidden=hidden, classes=classes)
    config = load_cost(str(path))
    assert config.network.head == config.head == head


def test_a_network_file_is_priced_as_its_description(tmp_path: Path) -> None:
    described = small_config(tmp_path)
    network = Network.random(described.network, np.random.default_rng(0))
    (tmp_path / "my.bin").write_bytes(network.to_bytes())
    path = write_chip(tmp_path)
    text = re.sub("network: .*", f"network: {tmp_path / 'my.bin'}", path.read_text())
    path.write_text(text)
    assert load_cost(str(path)).network == described.network
    (tmp_path / "my.bin").write_bytes(network.to_bytes()[:-1])
    with pytest.raises(UserError, match=r"my\.bin: "):
        load_cost(str(path))


def test_a_digest_tells_configurations_apart(tmp_path: Path) -> None:
    digest = small_config(tmp_path).digest
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert small_config(tmp_path).digest == digest
    for old, new in (
        ("clock_mhz: 1.0", "clock_mhz: 2.0"),
        ("pe: 4", "pe: 2"),
        ("accelerator:\n", "accelerator:\n    units: 2\n"),
        ("epochs: 3", "epochs: 2"),
        ("exemplars: 3", "exemplars: 4"),
    ):
        assert small_config(tmp_path, old, new).digest != digest


def test_digests_are_those_of_chips_that_had_none_of_the_fields_that_say_nothing() -> None:
    config = load_cost("reference")
    # The report was made when chips had no slot_components, no handicap_shift and no units.
    assert config.digest.startswith("885c6757a23a")
    text = repr(config)
    assert ", slot_components=1, handicap_shift=4, table_width=" in text
    assert text.count(" units=1,") == 1
    old = text.replace(" slot_components=1, handicap_shift=4,", "").replace(" units=1,", "")
    assert config.digest == hashlib.sha256(old.encode()).hexdigest()


def test_a_digest_tells_chips_apart_by_the_components_that_compete() -> None:
    config = load_cost("reference")
    prototypes = replace(config.chip.sampler.prototypes, class_components=3)
    sampler = replace(config.chip.sampler, prototypes=prototypes)

    def digest(**given: int) -> str:
        return replace(config, chip=replace(config.chip, sampler=sampler, slots=2, **given)).digest

    # A handicap says nothing where nothing competes.
    assert digest() == digest(handicap_shift=9)
    competing = {digest(slot_components=k, handicap_shift=s) for k in (2, 3) for s in (4, 9)}
    assert len({digest(), *competing}) == 5
    two = replace(config.chip.accelerator, units=2)
    given = {"accelerator": two, "sampler": sampler, "slots": 2, "slot_components": 2}
    whole = replace(config, chip=replace(config.chip, **given))
    assert whole.digest == hashlib.sha256(repr(whole).encode()).hexdigest()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("clock_mhz: 1.0", "clock_mhz: 0",
         r"chip\.yaml:3: clock_mhz must be a number > 0 and <= 100000, not 0"),
        ("retention_days: 0.5", "retention_days: -1",
         r"chip\.yaml:4: retention_days must be a number > 0 and <= 1000000, not -1"),
        ("network: NETWORK", "network: fbnn-9M",
         (r"Network must be a \.yaml file, a \.bin file of a network or one of .*fbnn-1M.*not "
          r"'fbnn-9M'$")),
        ("network: NETWORK", "network: lost.bin",
         r"^lost\.bin cannot be read: no such file or directory$"),
        ("network: NETWORK", "network: fbnn-1M",
         r"chip\.yaml:2: network must yield the 16 features of the chip's sampler, not 512"),
        ("components: 1}", "components: 3}",
         (r"chip\.yaml:19: memory\.components must be at most 2, not 3: a class of the chip can "
          r"have no more; chip\.sampler\.prototypes\.class_components says how many$")),
        ("memory: {classes: 6", "memory: {classes: 7",
         (r"chip\.yaml:19: memory\.classes must be at most 6, not 7: the chip's class table has "
          r"no room for more$")),
        ("memory: {classes: 6", "memory: {classes: 0",
         r"chip\.yaml:19: memory\.classes must be an integer in 1\.\.1000000, not 0"),
        ("hidden: 4", "hidden: 1000000000000",
         r"chip\.yaml:20: task\.hidden must be an integer in 0\.\.65536, not 1000000000000"),
        ("samples: 10,", "samples: 1000000000000000000000,",
         r"task\.samples must be an integer in 1\.\.1000000000, not 10{21}$"),
        ("task: {classes: 2", "task: {classes: 7",
         r"chip\.yaml:20: task\.classes must be at most 6, not 7: memory\.classes has no more$"),
        ("batch: 9", "batch: 1",
         r"chip\.yaml:20: task\.batch must be an integer in 2\.\.65536, not 1"),
        ("backward_bits: 8", "backward_bits: 33",
         r"task\.backward_bits must be an integer in 1\.\.32, not 33"),
        ("hidden: 4", "hidden: 4, gradients: air",
         r"task\.gradients must be one of registers, memory, not 'air'"),
        ("hidden: 4", "hidden: 4, fit: moon", r"task\.fit must be one of host, chip, not 'moon'"),
        ("weight_depth: 256", "weight_depth: 64",
         r"chip\.yaml:6: Weight memory must hold \d+ rows, not 64"),
        ("map_depth: 32", "map_depth: 8",
         r"chip\.yaml:6: Feature memories must hold 16 words, not 8"),
        ("exemplars: 3}", "exemplars: 3, places: 2}",
         r"chip\.yaml:18: chip\.latent\.places is no known key"),
        ("exemplars: 3}", "exemplars: 3}\n  head: {features: 16, classes: 6, lanes: 8}",
         (r"chip\.yaml:19: chip\.head must be left out: the head that is priced follows from "
          r"memory\.classes, task\.batch and task\.trainer_bits$")),
        ("latent: {features: 16", "latent: {features: 24",
         r"Features D of the latent buffer must be 16 as of the sampler, not 24"),
        ("exemplars: 3}", "exemplars: 3}\n  watch: {secded: true}",
         r"chip\.yaml:19: chip\.watch\.secded must be an integer <= 10, not true"),
        ("pe: 4,", "pe: four,", r"accelerator\.mvu\.pe must be an integer <= 16777216, not 'four'"),
    ],
)  # fmt: skip
def test_faults_have_a_place_and_say_what_would_be_right(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        small_config(tmp_path, old, new)


def test_components_must_have_room_for_all_classes(tmp_path: Path) -> None:
    path = write_chip(tmp_path, "components: 12,", "components: 11,")
    path.write_text(path.read_text().replace("components: 1}", "components: 2}"))
    with pytest.raises(
        UserError,
        match=r"memory\.components must be at most 1, not 2: 6 classes share the 11 components of "
        r"the chip; chip\.sampler\.prototypes\.components says how many$",
    ):
        load_cost(str(path))


def test_an_unknown_configuration_lists_the_known() -> None:
    with pytest.raises(
        UserError, match=r"^Configuration must be a \.yaml file or one of reference, not 'refrence'"
    ):
        load_cost("refrence")
