# SPDX-License-Identifier: MIT
"""Training of the head, counted by hand and by loops."""

from hypothesis import given
from hypothesis import strategies as st

from golden.params import HeadParams, MvuParams
from sim.cost.counts.tally import Action, Memory
from sim.cost.counts.training import Gradients, TrainedHead

# H x D = 64 weights, and two planes of 3 neurons over 20 inputs: 184 weights, 46 rows of 4.
HEAD = HeadParams(features=16, hidden=4, classes=3)
MVU = MvuParams(pe=4, simd=8)


def trainer(gradients: Gradients, head: HeadParams = HEAD, mvu: MvuParams = MVU) -> TrainedHead:
    return TrainedHead(head=head, mvu=mvu, backward_bits=10, weight_bits=12, gradients=gradients)


def test_a_sample_whose_gradients_are_added_up_in_registers() -> None:
    assert trainer("registers").sample() == {
        # Two words of the embedding.
        Action("network.fetch.map", "write", 8): 2,
        # Hidden neurons hear of their errors from 2 x 3 neurons: 24 signs, three words of 8.
        Action("network.mvu.weights", "read", 8): 3,
        Action("training.backward", "accumulate", 10): 24,
        Action("training.gradient", "accumulate", 10): 184,
        # Two words of the embedding, one of hidden bits; a row of 4 + two rows of 6 errors.
        Action("training.inputs", "write", 8): 3,
        Action("training.errors", "write", 40): 3,
        # Tiles of 4 x 8 weights: 1 x 2 of the hidden layer, 2 x 3 of the planes.
        Action("training.inputs", "read", 8): 8,
        Action("training.errors", "read", 40): 8,
    }


def test_a_sample_whose_gradients_are_added_up_in_memory() -> None:
    assert trainer("memory").sample() == {
        Action("network.fetch.map", "write", 8): 2,
        Action("network.mvu.weights", "read", 8): 3,
        Action("training.backward", "accumulate", 10): 24,
        Action("training.gradient", "accumulate", 10): 184,
        Action("training.gradients", "read", 40): 46,
        Action("training.gradients", "write", 40): 46,
    }


def test_a_step_moves_every_weight_and_writes_its_sign() -> None:
    step = {
        Action("training.weights", "read", 48): 46,
        Action("training.weights", "write", 48): 46,
        Action("training.step", "accumulate", 12): 184,
        Action("network.mvu.weights", "write", 8): 23,
    }
    cleared = {
        Action("training.gradients", "read", 40): 46,
        Action("training.gradients", "write", 40): 46,
    }
    assert trainer("registers").step() == step
    assert trainer("memory").step() == step | cleared


def test_working_memories_hold_a_number_a_weight_and_a_batch_or_all_gradients() -> None:
    weights = Memory("training.weights", 46, 48)
    assert trainer("memory").memories(5) == (weights, Memory("training.gradients", 46, 40))
    assert trainer("registers").memories(5) == (
        weights, Memory("training.inputs", 15, 8), Memory("training.errors", 15, 40),
    )  # fmt: skip


def test_a_head_without_hidden_neurons_has_no_way_back_to_them() -> None:
    sample = trainer("registers", HeadParams(features=16, hidden=0, classes=3)).sample()
    assert sample[Action("network.mvu.weights", "read", 8)] == 0
    assert sample[Action("training.backward", "accumulate", 10)] == 0
    assert sample[Action("training.inputs", "read", 8)] == 2 * 2
    assert sample[Action("training.errors", "write", 40)] == 2


@given(
    features=st.integers(1, 40),
    hidden=st.integers(0, 12),
    classes=st.integers(1, 9),
    pe=st.integers(1, 5),
    simd=st.integers(1, 9),
)
def test_tiles_cover_every_weight_once(
    features: int, hidden: int, classes: int, pe: int, simd: int
) -> None:
    head = HeadParams(features=features, hidden=hidden, classes=classes)
    shapes = [(hidden, features), (2 * classes, hidden + features)]
    tiles, covered = 0, 0
    for neurons, inputs in shapes:
        for first_neuron in range(0, neurons, pe):
            for first_input in range(0, inputs, simd):
                tiles += 1
                covered += min(pe, neurons - first_neuron) * min(simd, inputs - first_input)
    sample = trainer("registers", head, MvuParams(pe=pe, simd=simd)).sample()
    assert covered == head.weight_count == sample[Action("training.gradient", "accumulate", 10)]
    assert sample[Action("training.inputs", "read", simd)] == tiles
