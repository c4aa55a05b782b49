# SPDX-License-Identifier: MIT
"""How the head learns: accuracy by task, by epoch, and on old and new classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.data.bank import Bank
from sim.learn.sections import AnyHead
from sim.measure import metrics
from sim.pictures.picture import Picture, Portrait
from sim.report.figure import house_style, new_figure
from sim.study.experiment import Experiment
from sim.study.fidelity import Exemplars
from sim.study.methods import Method
from sim.study.report import figures
from sim.study.report.groups import group_runs
from sim.study.summary import summarize
from sim.work.progress import Progress

__all__ = ["EpochRow", "Learnt", "group_curves", "learn", "task_curves", "training_curves"]

_GROUP_LINES = {
    "initial": ("tab:blue", "initial classes"),
    "past": ("tab:orange", "past classes"),
    "new": ("tab:green", "new classes"),
    "all": ("black", "all classes seen"),
}


@dataclass(frozen=True, kw_only=True)
class EpochRow:
    """An epoch of training.

    Parameters
    ----------
    task : int
        Counted from 0.
    train : float
        Share of the training samples, replayed ones included, that are classified correctly.
    test : float
        Accuracy of the golden head on the test samples of all classes seen.
    """

    task: int
    train: float
    test: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Learnt:
    """A run that has ended.

    Parameters
    ----------
    experiment : Experiment
    epochs : list of EpochRow
    """

    experiment: Experiment
    epochs: list[EpochRow]

    @property
    def label(self) -> str:
        """Legend of the method."""
        return self.experiment.method.label

    def portrait(self) -> Portrait:
        """Return the next two draws of the memory."""
        bank, source = self.experiment.bank, self.experiment.source
        return Portrait(
            label=self.label,
            drawn=Exemplars.draw(source, bank),
            again=Exemplars.draw(source, bank),
        )


def learn(
    bank: Bank,
    head: AnyHead,
    method: Method,
    seed: int,
    report: Callable[[Progress], None],
) -> Learnt:
    """Do a whole run and keep the accuracies after every epoch.

    Parameters
    ----------
    bank : Bank
    head : AnyHead
    method : Method
    seed : int
    report : callable
        Called with the progress after every epoch.
    """
    experiment = Experiment(bank, head, method, seed)
    epochs: list[EpochRow] = []

    def note(progress: Progress) -> None:
        test = _test_accuracy(experiment)
        epochs.append(EpochRow(task=progress.task, train=progress.accuracy, test=test))
        report(progress)

    while not experiment.done:
        experiment.step(note)
    return Learnt(experiment=experiment, epochs=epochs)


def task_curves(runs: Sequence[Learnt]) -> Picture:
    """Draw the accuracy of every method on all classes seen, task by task."""
    results = [summarize(run.experiment) for run in runs]
    seen = [task.stop for task in runs[0].experiment.bank.tasks]
    return Picture(
        name="accuracy_by_task",
        title="Accuracy, task by task (Figure 4a)",
        text=(
            "Accuracy of the integer head on all classes seen so far. The paper compares a float "
            "ResNet-18 with other methods; here the embeddings are those of a fully binary network."
        ),
        figure=figures.accuracy_by_task(group_runs(results), seen),
        columns=("method", "memory (kb)", "average incremental (%)", "final (%)"),
        rows=[
            [
                result["label"],
                f"{result['bits_paper'] / 1e3:.1f}",
                f"{100 * result['average_incremental']:.1f}",
                f"{100 * result['final']:.1f}",
            ]
            for result in results
        ],
    )


@house_style()
def training_curves(run: Learnt) -> Picture:
    """Draw the accuracy on training samples and on test samples after every epoch."""
    figure = new_figure(9, 4)
    axes = figure.add_subplot()
    x = np.arange(1, len(run.epochs) + 1)
    train = [100 * epoch.train for epoch in run.epochs]
    test = [100 * epoch.test for epoch in run.epochs]
    axes.plot(x, train, marker="o", markersize=3, color="tab:blue", label="samples trained on")
    axes.plot(x, test, marker="o", markersize=3, color="tab:red", label="test, all classes seen")
    firsts = [i for i, e in enumerate(run.epochs) if i and e.task != run.epochs[i - 1].task]
    for place, first in enumerate(firsts):
        label = "a new task begins" if place == 0 else None
        axes.axvline(first + 0.5, color="0.7", lw=0.8, ls="--", zorder=0, label=label)
    axes.set(xlabel="epoch", ylabel="accuracy (%)", title=run.label)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    ends = {epoch.task: epoch for epoch in run.epochs}
    shown = [(0, "first task"), (max(ends), "last task")]
    return Picture(
        name="training_curves",
        title="Training curves (Figure 4b)",
        text=(
            "Training accuracy is that on the batches, samples of the task and pseudo-exemplars of "
            "the past together, of the head as it was at each step; test accuracy is that after "
            "the epoch. The paper's ResNet-18 nearly always reaches 100 % "
            "in training (Figure 4b; its Table 2 has 100.0 and 81.1 % after the first task, 76.1 "
            "and 57.9 % after the last, for one bit a feature)."
        ),
        figure=figure,
        columns=("after", "training (%)", "test (%)"),
        rows=[
            [name, f"{100 * ends[task].train:.1f}", f"{100 * ends[task].test:.1f}"]
            for task, name in shown
        ],
    )


@house_style()
def group_curves(run: Learnt) -> Picture:
    """Draw the accuracy on initial, past, new and all classes after every task."""
    bank = run.experiment.bank
    matrix, samples = metrics.accuracy_matrix(
        run.experiment.predictions, bank.test_labels, bank.tasks
    )
    groups = metrics.group_accuracy(matrix, samples)
    figure = new_figure(8, 4)
    axes = figure.add_subplot()
    for name, (colour, label) in _GROUP_LINES.items():
        axes.plot(
            np.arange(len(matrix)),
            100 * groups[name],
            color=colour,
            marker="o",
            markersize=3,
            lw=2 if name == "all" else 1.2,
            label=label,
        )
    axes.set(xlabel="task", ylabel="accuracy (%)", title=run.label, xticks=range(len(matrix)))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    # From the third task on there are past classes beside initial and new ones.
    means = {name: float(np.mean(groups[name][2:])) for name in groups}
    return Picture(
        name="stability",
        title="Stability and plasticity (Figure 4c)",
        text=(
            "Past classes are those between the first task's and the present one's. The paper: new "
            "classes are better than past ones but in one task, 4.5 % relative on average, and "
            "initial ones better than past ones by less than 6 %. Here, from task 2 on, new "
            f"classes are {_relative(means, 'new')} and initial ones {_relative(means, 'initial')} "
            "relative to past ones."
        ),
        figure=figure,
        columns=("classes", "mean accuracy from task 2 on (%)"),
        rows=[[label, f"{100 * means[name]:.1f}"] for name, (_, label) in _GROUP_LINES.items()],
    )


def _test_accuracy(experiment: Experiment) -> float:
    bank = experiment.bank
    seen = bank.tasks[experiment.task].stop
    chosen = bank.test_labels < seen
    predicted = experiment.learner.predict(bank.test[chosen], seen)
    return float((predicted == bank.test_labels[chosen]).mean())


def _relative(means: dict[str, float], name: str) -> str:
    return f"{100 * (means[name] / means['past'] - 1):+.1f} %"
