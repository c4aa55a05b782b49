# SPDX-License-Identifier: MIT
import numpy as np
import pytest

from sim.measure.metrics import (
    FORGETTING,
    accuracy_matrix,
    average_incremental,
    class_average,
    confusion,
    final,
    forgetting,
    forgetting_matrix,
    forward_transfer,
    group_accuracy,
    per_class_accuracy,
    seen_accuracy,
    task_average,
)

NAN = np.nan

# Task 1 recovers a little at the end; task 2 is worse at first than later.
MATRIX = np.array(
    [
        [0.9, NAN, NAN, NAN],
        [0.5, 0.8, NAN, NAN],
        [0.6, 0.4, 0.6, NAN],
        [0.3, 0.5, 0.7, 1.0],
    ]
)
SAMPLES = np.array([20, 10, 10, 10])


def test_forgetting_is_that_of_avalanches_square_example() -> None:
    accuracies = np.array([[1.0, 0.0, 0.0], [0.5, 0.8, 1.0], [0.2, 1.0, 0.5]])
    expected = [[0, 0, 0], [0.5, 0, 0], [0.8, -0.2, 0]]
    np.testing.assert_allclose(forgetting_matrix(accuracies, "avalanche"), expected)


def test_forgetting_is_that_of_avalanches_example_with_more_evaluations_than_tasks() -> None:
    accuracies = np.array([[1.0, 0.0, 0.0], [0.5, 0.8, 1.0], [0.5, 0.5, 1.0], [0.2, 1.0, 0.5]])
    expected = [[0, 0, 0], [0.5, 0, 0], [0.5, 0.3, 0], [0.8, -0.2, 0]]
    found = forgetting_matrix(accuracies, "avalanche", learnt_at=[0, 1, 3])
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("definition", "by_task"),
    [
        ("avalanche", [0.9 - 0.3, 0.8 - 0.5, 0.6 - 0.7]),
        ("pycil", [0.9 - 0.3, 0.8 - 0.5, 0.7 - 0.7]),
        ("gem", [0.3 - 0.9, 0.5 - 0.8, 0.7 - 0.6]),
        ("facil", [0.9 - 0.3, 0.8 - 0.5, 0.6 - 0.7]),
    ],
)
def test_each_definition_gives_what_its_formula_gives_by_hand(
    definition: str, by_task: list[float]
) -> None:
    np.testing.assert_allclose(forgetting_matrix(MATRIX, definition)[-1, :3], by_task, atol=1e-12)
    assert forgetting(MATRIX, definition) == pytest.approx(sum(by_task) / 3)


def test_definitions_differ_where_a_task_improved_after_it_was_learnt() -> None:
    rising = np.array([[0.5, NAN, NAN], [0.9, 0.5, NAN], [0.7, 0.5, 0.5]])
    found = {name: forgetting(rising, name) for name in FORGETTING}
    assert found == pytest.approx({"avalanche": -0.1, "gem": 0.1, "pycil": 0.1, "facil": 0.1})
    risen = np.array([[0.5, NAN], [0.8, 0.5]])
    found = {name: forgetting(risen, name) for name in FORGETTING}
    assert found == pytest.approx({"avalanche": -0.3, "gem": 0.3, "pycil": 0.0, "facil": -0.3})


def test_definitions_agree_with_loops_written_from_the_public_code() -> None:
    rng = np.random.default_rng(1)
    accuracies = np.tril(rng.random((6, 6)))  # these projects put 0 above the diagonal
    last = 5
    pycil = [max(accuracies[t, i] for t in range(6)) - accuracies[last, i] for i in range(last)]
    facil = [max(accuracies[t, i] for t in range(last)) - accuracies[last, i] for i in range(last)]
    gem = [accuracies[last, i] - accuracies[i, i] for i in range(last)]
    matrix = np.where(np.tri(6) > 0, accuracies, NAN)
    assert forgetting(matrix, "pycil") == pytest.approx(np.mean(pycil))
    assert forgetting(matrix, "facil") == pytest.approx(np.mean(facil))
    assert forgetting(matrix, "gem") == pytest.approx(np.mean(gem))
    assert forgetting(matrix, "avalanche") == pytest.approx(-np.mean(gem))


def test_one_task_forgets_nothing() -> None:
    for name in FORGETTING:
        assert forgetting(np.array([[0.9]]), name) == 0.0


def test_an_unknown_definition_is_refused() -> None:
    message = "Forgetting must be one of avalanche, facil, gem, pycil, not 'mine'"
    with pytest.raises(ValueError, match=message):
        forgetting(MATRIX, "mine")


def test_seen_accuracy_weighs_tasks_by_their_samples() -> None:
    seen = [
        0.9,
        (20 * 0.5 + 10 * 0.8) / 30,
        (20 * 0.6 + 10 * 0.4 + 10 * 0.6) / 40,
        (20 * 0.3 + 10 * 0.5 + 10 * 0.7 + 10 * 1.0) / 50,
    ]
    np.testing.assert_allclose(seen_accuracy(MATRIX, SAMPLES), seen)
    assert average_incremental(MATRIX, SAMPLES) == pytest.approx(sum(seen) / 4)
    assert final(MATRIX, SAMPLES) == pytest.approx(seen[-1])


def test_task_average_is_plain_and_class_average_weighs_by_classes() -> None:
    np.testing.assert_allclose(task_average(MATRIX), [0.9, 0.65, 1.6 / 3, 2.5 / 4])
    tasks = (range(6), range(6, 8), range(8, 10), range(10, 12))
    by_hand = [0.9, (6 * 0.5 + 2 * 0.8) / 8, 5.6 / 10, (1.8 + 1.0 + 1.4 + 2.0) / 12]
    np.testing.assert_allclose(class_average(MATRIX, tasks), by_hand)


def test_groups_are_the_first_the_middle_and_the_present_tasks() -> None:
    groups = group_accuracy(MATRIX, SAMPLES)
    np.testing.assert_allclose(groups["initial"], [0.9, 0.5, 0.6, 0.3])
    np.testing.assert_allclose(groups["past"], [NAN, NAN, 0.4, 0.6])
    np.testing.assert_allclose(groups["new"], [NAN, 0.8, 0.6, 1.0])
    np.testing.assert_allclose(groups["all"], seen_accuracy(MATRIX, SAMPLES))


def test_forward_transfer_is_gems() -> None:
    matrix = np.array([[0.9, 0.3, NAN], [0.9, 0.9, 0.4], [0.9, 0.9, 0.9]])
    untrained = np.array([0.5, 0.1, 0.1])
    assert forward_transfer(matrix, untrained) == pytest.approx((0.2 + 0.3) / 2)
    with pytest.raises(ValueError, match="must have accuracies on tasks not yet learnt, not NaN"):
        forward_transfer(MATRIX, np.zeros(4))
    with pytest.raises(ValueError, match="Forward transfer must have at least 2 tasks, not 1"):
        forward_transfer(np.array([[0.5]]), np.zeros(1))


def test_the_accuracy_matrix_counts_right_predictions_by_task() -> None:
    tasks = (range(2), range(2, 3), range(3, 5))
    labels = np.array([4, 0, 1, 2, 3, 0, 2, 3])
    predictions = [
        np.array([0, 0, 0]),  # samples 0 1 0
        np.array([0, 1, 2, 2, 1]),  # samples 0 1 2 0 2
        np.array([4, 0, 0, 2, 3, 0, 2, 4]),
    ]
    matrix, samples = accuracy_matrix(predictions, labels, tasks)
    expected = [[2 / 3, NAN, NAN], [2 / 3, 0.5, NAN], [2 / 3, 1.0, 2 / 3]]
    np.testing.assert_allclose(matrix, expected)
    assert samples.tolist() == [3, 2, 3]
    # Weighed by samples, a row is the plain share of right predictions.
    right = [
        (p == labels[labels < task.stop]).mean() for p, task in zip(predictions, tasks, strict=True)
    ]
    np.testing.assert_allclose(seen_accuracy(matrix, samples), right)


def test_the_accuracy_matrix_of_a_run_under_way_is_smaller() -> None:
    tasks = (range(1), range(1, 2))
    matrix, samples = accuracy_matrix([np.array([0])], np.array([1, 0]), tasks)
    assert matrix.tolist() == [[1.0]]
    assert samples.tolist() == [1]


def test_predictions_must_fit_the_samples_seen() -> None:
    with pytest.raises(
        ValueError, match="Predictions after task 0 must be 1, one for every test sample of"
    ):
        accuracy_matrix([np.array([0, 0])], np.array([1, 0]), (range(1), range(1, 2)))


def test_a_matrix_must_be_square() -> None:
    with pytest.raises(ValueError, match=r"Accuracy matrix must be square, not of shape \(2, 3\)"):
        seen_accuracy(np.zeros((2, 3)), np.array([1, 1]))


def test_a_task_without_test_samples_weighs_nothing() -> None:
    matrix = np.array([[0.5, NAN], [0.5, NAN]])
    np.testing.assert_allclose(seen_accuracy(matrix, np.array([10, 0])), [0.5, 0.5])


def test_confusion_counts_pairs_of_classes() -> None:
    labels = np.array([0, 0, 1, 1, 1, 3])
    predictions = np.array([0, 1, 1, 1, 0, 2])
    counts = confusion(labels, predictions, 4)
    assert counts.tolist() == [[1, 1, 0, 0], [1, 2, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
    np.testing.assert_allclose(per_class_accuracy(counts), [0.5, 2 / 3, NAN, 0.0])


def test_confusion_refuses_what_it_cannot_count() -> None:
    one = np.array([1])
    with pytest.raises(ValueError, match="Predictions must be 1, one for every label, not 2"):
        confusion(one, np.array([1, 1]), 2)
    with pytest.raises(ValueError, match=r"Labels must be in 0..1, not 2"):
        confusion(np.array([2]), one, 2)
    with pytest.raises(ValueError, match=r"Predictions must be in 0..1, not -1"):
        confusion(one, np.array([-1]), 2)
