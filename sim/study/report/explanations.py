# SPDX-License-Identifier: MIT
"""The paragraphs of a report that say how to read it."""

__all__ = ["AGES", "CHOICES", "CLAIMS", "CORRELATIONS", "FAULTS", "READING", "STATES", "TUNED"]

READING = """\
Every accuracy is that of the integer golden head, or of the method itself where it classifies \
(in integers too, but for widths called float), on the test samples of all classes seen so far; \
± is the standard deviation {over}. *Average incremental* is the mean over the \
evaluations after each task, *final* the last of them, *forgetting* the mean over past tasks of \
the best accuracy a task ever had minus its last (PyCIL's definition; `results.json` has the \
others). *Memory* is the replay memory as the papers count it, *all state* every bit that \
survives between tasks, the head's weights included. Every memory is compared with exemplars of as \
many bits of all state, and of as many bits of memory: with the better of the sources of exemplars \
here. These are interpolated between neighbouring sizes, run by run: runs of one network, order \
and seed are a pair. In tests, runs that share a network, where there are several, or else an \
order, count as one."""

TUNED = """\
The last column was chosen before any test, for every method that trains the head and has no value \
of its own, of {values}: the best by average incremental accuracy on training samples of the \
{base} classes of the first task, {share:g} % of each class held out and tested on, learnt as \
{first} classes and then {increment} a task{where}. {ends} `results.json` has what each value \
reached there."""

CLAIMS = """\
Claims of the paper on Generative Binary Memory (Basso-Bert et al., section 5.2, Figure 6, Table \
4), whose feature extractor is another one. Differences are taken run by run. Two numbers are \
equal within half a point, which the paper's own runs differ by, or two standard errors, at most a \
point; ahead and behind want p < 0.05 in a paired t-test. *About 10 times* is 7 to 14 times."""

STATES = """\
Methods that differ in nothing but the state of the head between tasks, each with the value that \
validation chose for it, if it chose. Differences are taken run by run. Half a point is the spread \
of the paper's own runs."""

CHOICES = """\
What the hardware chooses and the paper does not ask, against round robin over the classes, LFSRs \
and the parallel sampler, by the same rules. All classes have as many samples here, so that \
*weighted* requests are drawn as *uniform* ones are:"""

FAULTS = """\
A cell that fails reads as one bit, whatever was written (contract, section 19), so that about \
half of them hold the right one. Which cells fail is drawn once a die. Every seed is another die, \
unless a line names one; orders and networks of one seed have its die in common. A network whose \
weights or maps fail embeds training and test samples by the same cells. *In every read* \
other cells fail in each read, as many of them. Columns hold the points of average incremental \
accuracy against the sound memory, run by run. *At once* as many cells of each memory fail. One \
point is lost between two columns, on a straight line over the logarithm of the share. Up to the \
first share in brackets no die loses one point, in the mean over its runs, and from the second on \
every die does."""

AGES = """\
*Without the first* leaves the evaluation after the first task out of the mean. The other columns \
are of the end: the mean over the tasks, however many classes each has, then the accuracy on the \
classes of the first task, on all later ones, and on those of the last task. Along a dotted line \
the mean of both accuracies stays the same."""

CORRELATIONS = """\
Frobenius distance between the correlation matrices of real and generated features, within a class \
(each sample relative to the mean of its class) and pooled over all classes:"""
