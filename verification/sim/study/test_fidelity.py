# SPDX-License-Identifier: MIT
import numpy as np
import pytest

from golden.bits import pack, unpack
from sim.replay import SOURCES, ReplayContext
from sim.study.config import StudyConfig
from sim.study.fidelity import Exemplars, class_means, correlation, frobenius_distances
from verification.sim.small_study import small_bank, small_config


def exemplars(n: int = 400, features: int = 20) -> Exemplars:
    rng = np.random.default_rng(1)
    hidden = rng.random((n, 1)) < 0.5
    bits = rng.random((n, features)) < np.where(hidden, 0.7, 0.3)
    bits[:, 3] = True  # a feature that never changes
    return Exemplars(packed=pack(bits), labels=np.arange(n) % 2)


def test_correlation_equals_numpy_where_features_change() -> None:
    e = exemplars()
    bits = unpack(e.packed, 20)
    changing = [j for j in range(20) if j != 3]
    matrix = correlation(e, 20, within_class=False)
    expected = np.corrcoef(bits[:, changing].T)
    np.testing.assert_allclose(matrix[np.ix_(changing, changing)], expected, atol=1e-5)
    assert (matrix[3] == 0).all()


def test_correlation_within_classes_is_blind_to_their_means() -> None:
    rng = np.random.default_rng(2)
    labels = np.arange(2000) % 2
    bits = rng.random((2000, 10)) < np.where(labels[:, None] == 1, 0.9, 0.1)
    e = Exemplars(packed=pack(bits), labels=labels)
    off_diagonal = ~np.eye(10, dtype=bool)
    assert correlation(e, 10, within_class=False)[off_diagonal].min() > 0.5
    assert np.abs(correlation(e, 10, within_class=True)[off_diagonal]).max() < 0.15


def test_class_means_are_shares_of_ones() -> None:
    bits = np.array([[1, 0], [1, 1], [0, 0]], np.uint8)
    e = Exemplars(packed=pack(bits), labels=np.array([0, 0, 1]))
    means = class_means(e, 2, n_classes=3)
    assert means[:2].tolist() == [[1.0, 0.5], [0.0, 0.0]]
    assert np.isnan(means[2]).all()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    return small_config(tmp_path_factory.mktemp("config"))


def test_real_exemplars_are_at_distance_zero_from_themselves(config: StudyConfig) -> None:
    bank = small_bank(config)
    assert frobenius_distances(bank, Exemplars.real(bank)) == {"pooled": 0.0, "within_class": 0.0}


def test_factors_bring_correlations_nearer_to_real_ones(config: StudyConfig) -> None:
    bank = small_bank(config)
    context = ReplayContext(features=bank.features, classes=bank.n_classes, seed=0)
    found = {}
    for name, params in (("gbm", {}), ("correlated", {"rank": 8})):
        source = SOURCES[name](SOURCES[name].Params.model_validate(params), context)
        for task in range(len(bank.tasks)):
            source.learn(*bank.task_of_train(task), np.random.default_rng(task))
        distances = frobenius_distances(bank, Exemplars.draw(source, bank))
        assert distances is not None
        found[name] = distances
    assert found["correlated"]["within_class"] < 0.8 * found["gbm"]["within_class"]
    assert found["correlated"]["pooled"] < found["gbm"]["pooled"]


def test_exemplars_survive_a_file(tmp_path) -> None:
    e = exemplars()
    e.save(tmp_path / "e.npz")
    back = Exemplars.load(tmp_path / "e.npz")
    np.testing.assert_array_equal(back.packed, e.packed)
    np.testing.assert_array_equal(back.labels, e.labels)
