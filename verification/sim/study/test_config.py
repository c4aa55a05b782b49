# SPDX-License-Identifier: MIT
"""Configurations: sweeps expand in the order of the file, and a digest tells studies apart."""

from pathlib import Path

import pytest

from sim.learn.sections import TernaryHeadConfig
from sim.study.config import BUILT_IN, StudyConfig, load_config
from sim.work.errors import UserError
from verification.sim.small_study import SMALL_STUDY, write_config


def labels(folder: Path, text: str) -> list[str]:
    config = load_config(str(write_config(folder, text)))[0]
    return [method.label for method in config.expanded_methods()]


def labels_of(config: StudyConfig) -> list[str]:
    return [method.label for method in config.expanded_methods()]


def load(folder: Path, *overrides: str, seeds: int | None = None) -> StudyConfig:
    return load_config(str(write_config(folder)), overrides, seeds)[0]


def test_lists_of_values_are_swept_the_last_key_fastest(tmp_path: Path) -> None:
    text = "methods:\n  - replay: gbm\n    components: [1, 2]\n    code_width: [3, float]\n"
    assert labels(tmp_path, text) == [
        "GBM K = 1, q = 3",
        "GBM K = 1, q = float",
        "GBM K = 2, q = 3",
        "GBM K = 2, q = float",
    ]


def test_nested_sections_are_swept_too(tmp_path: Path) -> None:
    text = "methods:\n  - replay: gbm\n    mixture: {pi: [fixed, trainable], init: random}\n"
    assert labels(tmp_path, text) == [
        "GBM K = 1, q = 8, init = random",
        "GBM K = 1, q = 8, init = random, pi = trainable",
    ]


def test_default_study_is_the_one_promised() -> None:
    config, _ = load_config("digits")
    found = [method.label for method in config.expanded_methods()]
    assert found == [
        "joint training",
        "fine-tuning",
        *(f"latent replay E = {e}" for e in (1, 2, 5, 10, 20)),
        *(f"GBM K = 1, q = {q}" for q in (1, 2, 3, 4, 6, 8)),
        "GBM K = 2, q = 8",
        "GBM K = 4, q = 8",
    ]
    assert config.seeds == 3


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("*.yaml")), ids=lambda path: path.stem)
def test_built_in_configurations_are_valid(path: Path) -> None:
    assert load_config(path.stem)[0] == load_config(str(path))[0]


def test_digest_follows_the_values_and_not_their_writing(tmp_path: Path) -> None:
    plain = load(tmp_path)
    rewritten = SMALL_STUDY.replace("{hidden: 8, epochs: 2, batch: 64}", "\n  epochs: 2") + (
        "# a comment\n"
    )
    rewritten = rewritten.replace("  epochs: 2", "  epochs: 2\n  batch: 64\n  hidden: 8")
    same = load_config(str(write_config(tmp_path, rewritten)))[0]
    assert same.digest() == plain.digest()
    assert load(tmp_path, "head.hidden=9").digest() != plain.digest()
    assert load(tmp_path, seeds=1).digest() != plain.digest()


INTEGER = "head={kind: integer, rate: 12}"


def test_the_kind_of_a_head_is_binary_if_nothing_is_said(tmp_path: Path) -> None:
    plain, said = load(tmp_path), load(tmp_path, "head.kind=binary")
    assert plain.head == said.head
    assert plain.digest() == said.digest() != load(tmp_path, INTEGER).digest()
    assert "kind" not in plain.document()["head"]
    assert load(tmp_path, INTEGER).document()["head"]["kind"] == "integer"


def own_values(config: StudyConfig, key: str) -> list[float]:
    """Return what each method of GBM trains its head with."""
    methods = [m for m in config.expanded_methods() if m.replay == "gbm"]
    return [getattr(method.settled(config.head), key) for method in methods]


def test_a_method_may_set_its_own_gain_or_its_own_rate(tmp_path: Path) -> None:
    gains = load(tmp_path, "methods.3.logit_gain=[4, 8]")
    assert own_values(gains, "logit_gain") == [4, 4, 8, 8, 1, 1, 1]
    rates = load(tmp_path, INTEGER, "methods.3.rate=[13, 14]")
    assert own_values(rates, "rate") == [13, 13, 14, 14, 12, 12, 12]


def test_a_method_may_say_what_of_its_head_survives(tmp_path: Path) -> None:
    widths = load(tmp_path, "methods.3.latent_width=[1, 8]")
    assert own_values(widths, "latent_width") == [1, 1, 8, 8, None, None, None]
    starts = load(tmp_path, INTEGER, "methods.3.head_start=reset", "methods.3.q_b_non_binary=16")
    assert own_values(starts, "start") == ["reset", "reset", "warm", "warm", "warm"]
    assert own_values(starts, "q_b_non_binary") == [16, 16, 8, 8, 8]


def test_a_method_may_weight_its_past(tmp_path: Path) -> None:
    for head in ([], [INTEGER]):
        balances = load(tmp_path, *head, "methods.3.balance=[0.5, 2]")
        assert own_values(balances, "balance") == [0.5, 0.5, 2, 2, None, None, None]
    # Documents, and so digests, hold it only where it is given.
    assert "balance" not in load(tmp_path).document()["head"]
    assert load(tmp_path, "head.balance=2").document()["head"]["balance"] == 2
    with pytest.raises(UserError, match=r"balance must be a multiple of 0.0625, not 0.3"):
        load(tmp_path, "head.balance=0.3")


def test_a_method_may_have_a_head_of_its_own(tmp_path: Path) -> None:
    config = load(tmp_path, "methods.3.head={kind: ternary, margin: 9}")
    assert labels_of(config)[4:6] == [
        "GBM K = 1, q = 2, ternary head, margin = 9",
        "GBM K = 1, q = 3, ternary head, margin = 9",
    ]
    heads = [m.settled(config.head) for m in config.expanded_methods() if m.replay == "gbm"]
    assert heads == [TernaryHeadConfig(kind="ternary", margin=9)] * 2 + [config.head] * 3
    binary = load(tmp_path, INTEGER, "methods.3.head={hidden: 3}", "methods.3.logit_gain=4")
    assert own_values(binary, "kind") == ["binary", "binary", "integer", "integer", "integer"]
    assert own_values(load(tmp_path, "methods.3.head={epochs: 7}"), "epochs") == [7, 7, 2, 2, 2]


def test_validation_chooses_what_the_head_of_a_method_has(tmp_path: Path) -> None:
    own = ("methods.3.head={kind: ternary}", "methods.2.head={kind: ternary, margin: 3}")
    config = load(tmp_path, INTEGER, *own, "tuned={rate: [12, 13], margin: [7, 8]}")
    found = {m.label: [] for m in config.expanded_methods()}
    for method in config.with_tuned(config.expanded_methods()):
        found[method.label] += method.tuned
    assert found["GBM K = 1, q = 2, ternary head"] == [("margin", 7), ("margin", 8)]
    assert found["latent replay E = 1, ternary head, margin = 3"] == []
    assert found["joint training"] == [("rate", 12), ("rate", 13)]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["head={kind: real}"], r"head\.kind must be one of binary, integer, ternary, not 'real'"),
        (["head=8"], r"head must be a mapping, not 8"),
        (
            [INTEGER, "head.momentum=0"],
            r"head\.momentum is no known key: the keys of head are",
        ),
        (["head={kind: integer, rate: 25}"], r"head\.rate must be an integer in 0\.\.24, not 25"),
        (
            ["head={kind: integer, q_f: float}"],
            r"head.*Widths must be float together or not at all, not float forward, 8 backward",
        ),
        (
            [INTEGER, "methods.3.logit_gain=4"],
            r"methods\.3\.logit_gain must be left out: the integer head has none",
        ),
        (["methods.2.rate=4"], r"methods\.2\.rate must be left out: the binary head has none"),
        (
            [INTEGER, "methods.2.latent_width=4"],
            r"methods\.2\.latent_width must be left out: the integer head has none",
        ),
        (
            [INTEGER, "methods.3.rate=4", "methods.3.head={kind: ternary}"],
            r"methods\.3\.rate must be left out: the ternary head has none",
        ),
        (
            ["methods.3.head={kind: ternary, width: 4}"],
            r"methods\.3\.head.*Threshold t must be an integer in 1\.\.7, not 48",
        ),
        (
            ["methods.3.head={kind: ternary, rate: 4}"],
            r"methods\.3\.head\.rate is no known key",
        ),
    ],
)
def test_what_does_not_fit_the_head_is_refused(
    tmp_path: Path, overrides: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load(tmp_path, *overrides)


def test_override_of_one_method_leaves_the_others(tmp_path: Path) -> None:
    config = load(tmp_path, "methods.2.exemplars=4")
    assert [m.label for m in config.expanded_methods()][2:4] == [
        "latent replay E = 4",
        "GBM K = 1, q = 2",
    ]


@pytest.mark.parametrize(
    ("orders", "message"),
    [
        ("[]", r"tasks\.orders must be a list of 1 or more items"),
        ("[1, 1]", r"tasks\.orders: must name every order once, not 1 again"),
        ("[best]", r"tasks\.orders\.0 must be .*given.*, not 'best'"),
        ("[-1]", r"tasks\.orders\.0 must be .*0.*4294967295.*, not -1"),
        ("[1, given]", None),
    ],
)
def test_orders_are_seeds_or_the_given_one(
    tmp_path: Path, orders: str, message: str | None
) -> None:
    if message is None:
        assert load(tmp_path, f"tasks.orders={orders}").tasks.all_orders == [1, "given"]
        return
    with pytest.raises(UserError, match=message):
        load(tmp_path, f"tasks.orders={orders}")


def test_infinite_rate_is_refused(tmp_path: Path) -> None:
    message = "head.learning_rate must be a finite number, not inf"
    with pytest.raises(UserError, match=message):
        load(tmp_path, "head.learning_rate=.inf")


def test_empty_sweep_is_refused(tmp_path: Path) -> None:
    message = (
        r"methods\.2\.exemplars must be an integer in 1\.\.1000000 or a list of 1 or more items, "
        r"not \[\]"
    )
    with pytest.raises(UserError, match=message):
        load(tmp_path, "methods.2.exemplars=[]")


def test_sweep_without_end_is_refused_before_it_is_expanded(tmp_path: Path) -> None:
    widths = "[" + ", ".join(str(w) for w in range(1, 17)) + "]"
    numbers = "[" + ", ".join(str(k) for k in range(1, 1001)) + "]"
    sweep = f"methods.3={{replay: gbm, components: {numbers}, code_width: {widths}}}"
    message = (
        r"methods must be at most 10000 combinations of swept values, not 160\d\d: "
        r"methods\.3 alone has 16000"
    )
    with pytest.raises(UserError, match=message):
        load(tmp_path, sweep)
