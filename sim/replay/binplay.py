# SPDX-License-Identifier: MIT
"""BinPlay for a chip: a binary decoder makes pseudo-exemplars from codes that are not stored.

The paper (binplay) decodes images from codes of sample indices. Here a fully binary decoder makes
embeddings from such codes. Its weights are the only memory of the past.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.bits import pack
from golden.index_code import IndexCode
from golden.kernels import draw
from golden.lfsr import Lfsr
from golden.params import IndexCodeParams, PrototypesParams, SamplerParams, Stream, stream_params
from golden.params.index_code import fit_primes
from golden.sampler import Sampler
from golden.selector import Selector
from sim.learn.assignment import assign_codes
from sim.learn.bipolar import bipolar
from sim.learn.decoder import DecoderTrainer
from sim.learn.optim import Adam
from sim.measure.ledger import Entry, Ledger, count_bits, index_bits, selection_entries
from sim.replay.base import Labels, Packed, ReplayContext, ReplayParams, ReplaySource

__all__ = ["BinPlay"]

_WORD_WIDTH = 32  # bits of the draw of an index
_FLIP_WIDTH = 8  # bits of the code of a flip
_LFSR_BITS = 64
_LATENT_BITS = 31  # bits of a float32 without the sign, which is the weight itself

Array = NDArray[np.float32]


class BinPlayParams(ReplayParams):
    """Parameters of BinPlay in its form for a chip.

    Attributes
    ----------
    samples : int
        Indices a class; each stands for one training sample of the class.
    index_bits : int
        Largest number of bits of the code of an index.
    prefix : {"class", "task", "none"}
        What the code tells besides the index; the paper's code has the task.
    prefix_bits : int
        Largest number of bits of the prefix.
    hidden : int
        Neurons of the hidden layer; 0 means none.
    start : {"reset", "warm"}
        ``reset`` trains the decoder anew for each task, as the paper's released code does, so that
        only bits survive. ``warm`` starts from the real numbers behind its weights, as the paper
        says.
    assignment : {"greedy", "arrival"}
        ``greedy`` gives a sample the free index with the closest decoded embedding (Algorithm 1,
        with the decoder in place of an encoder); ``arrival`` gives it the next index.
    flip_code : int
        8-bit code of the probability that a replayed bit is flipped (contract, 5). The paper has no
        flips; they are here because decoded samples of a class vary less than its real samples.
    epochs : int
        Passes over all codes in the training of a task.
    learning_rate : float
        First rate of Adam; it falls linearly to 0.
    batch : int
        Codes a step.
    """

    samples: int = Field(default=50, ge=1, le=1_000_000)
    index_bits: int = Field(default=100, ge=20, le=65_536)
    prefix: Literal["class", "task", "none"] = "class"
    prefix_bits: int = Field(default=300, ge=20, le=65_536)
    hidden: int = Field(default=0, ge=0, le=1_000_000)
    start: Literal["reset", "warm"] = "reset"
    assignment: Literal["greedy", "arrival"] = "greedy"
    flip_code: int = Field(default=0, ge=0, le=127)
    epochs: int = Field(default=30, ge=1, le=100_000)
    learning_rate: float = Field(default=1e-2, gt=0, le=100)
    batch: int = Field(default=128, ge=1, le=65_536)


class BinPlay(ReplaySource):
    """Keeps a decoder from codes of sample indices to embeddings, and rehearses its own output.

    Class c owns the indices ``c*n + 1 .. (c+1)*n`` (n = `samples`), so that no list of classes is
    needed. After a task the decoder learns the samples of that task. For all earlier indices it
    learns the embeddings that it decoded before. During the first half of the epochs the samples
    choose among the indices of their class; after that they keep their indices.
    """

    name = "binplay"
    called = "BinPlay"
    Params = BinPlayParams
    generative = True
    titled = ("samples", "hidden")
    bounded_by_samples = ("samples",)

    def __init__(self, params: BinPlayParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        self._coder = IndexCode(_code_params(params, context.classes))
        self._selector = Selector(context.selector(params.requests))
        self._lfsr = Lfsr(stream_params(context.seed, Stream.EXEMPLAR, _WORD_WIDTH))
        self._flips = _flips(params.flip_code, context)
        self._decoder = DecoderTrainer(_sizes(params, context), np.random.default_rng(context.seed))
        self._tasks: list[int] = []  # task that brought each class
        self._counts: list[int] = []  # training samples of each class
        self._agreement: list[float] = []  # after each task: share of right bits, new and rehearsed
        self._decoded: Packed = np.zeros((0, 0), np.uint64)  # of every index; a chip keeps none

    @property
    def n_classes(self) -> int:
        return len(self._tasks)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        first, last = self.n_classes, int(labels.max())
        task = self._tasks[-1] + 1 if self._tasks else 0
        self._tasks += [task] * (last + 1 - first)
        self._counts += [int((labels == label).sum()) for label in range(first, last + 1)]
        kept = [
            rng.choice(np.flatnonzero(labels == label), self.params.samples, replace=False)
            for label in range(first, last + 1)
        ]
        new = bipolar(exemplars[np.concatenate(kept)], self.context.features)
        self._train(self._codes(range(last + 1)), new, rng)
        self._refresh()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        labels = self._selector.request(self.n_classes, count)
        n = self.params.samples
        places = [self._lfsr.tick() * n >> _WORD_WIDTH for _ in range(count)]
        exemplars = self._decoded[labels * n + np.array(places, np.int64)]
        if self.params.flip_code:
            exemplars ^= draw(self._flips, np.zeros(count, np.int64), threads=1)[0]
        return exemplars, labels

    def ledger(self) -> Ledger:
        params, classes = self.params, self.context.classes
        weights = sum(w.size for w in self._decoder.weights)
        entries = [
            Entry.paper("decoder weights", weights, "1 bit a weight"),
            Entry.extra("class counter", count_bits(classes), "the codes follow from it"),
            *selection_entries(params.requests, classes),
            Entry.extra("random streams", _LFSR_BITS, "64 bits: which index to replay"),
        ]
        if params.flip_code:
            note = "64 bits each: 8 planes of a sampler, and its choice of components"
            entries.append(Entry.extra("flip streams", (_FLIP_WIDTH + 1) * _LFSR_BITS, note))
        if params.start == "warm":
            note = "float32, less the sign, which is the weight itself"
            entries.append(Entry.extra("decoder latent weights", weights * _LATENT_BITS, note))
        if params.prefix == "task":
            bits = classes * index_bits(classes)
            entries.append(Entry.extra("task of a class", bits, "ceil(log2 n_c) a class"))
        return Ledger(tuple(entries))

    def facts(self) -> dict[str, float]:
        new, kept = np.array(self._agreement).reshape(-1, 2).T
        facts = {"decoded_agreement": float(new.mean())}
        return facts | ({"rehearsed_agreement": float(kept[1:].mean())} if len(kept) > 1 else {})

    def state(self) -> dict[str, NDArray[Any]]:
        return {
            "tasks": np.array(self._tasks, np.int64),
            "counts": np.array(self._counts, np.int64),
            "agreement": np.array(self._agreement),
            "lfsr_state": np.array(self._lfsr.state, np.uint64),
            "lfsr_ticks": np.array(self._lfsr.ticks, np.int64),
            **{f"flip_{name}": array for name, array in self._flips.state_dict().items()},
            **self._decoder.state(),
            **self._selector.state_dict(),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._tasks, self._counts = state["tasks"].tolist(), state["counts"].tolist()
        self._agreement = state["agreement"].tolist()
        self._lfsr.state, self._lfsr.ticks = int(state["lfsr_state"]), int(state["lfsr_ticks"])
        self._flips.load_state({name: state[f"flip_{name}"] for name in self._flips.state_dict()})
        self._decoder.load_state(state)
        self._selector.load_state(state)
        self._refresh()

    @classmethod
    def title(cls, params: BinPlayParams) -> str:
        return f"BinPlay {params.samples} indices a class, H = {params.hidden}"

    def _train(self, codes: Array, new: Array, rng: np.random.Generator) -> None:
        """Train the decoder on the new embeddings and on its own output for earlier codes."""
        params, decoder = self.params, self._decoder
        n_past = len(codes) - len(new)
        latents = np.concatenate([decoder.decode(codes[:n_past]), new])
        if params.start == "reset":
            decoder.reset(rng)
        optimizer = Adam(bound=1)  # latent weights stay in [-1, 1]
        for epoch in range(params.epochs):
            if params.assignment == "greedy" and 0 < epoch <= params.epochs // 2:
                self._reassign(latents[n_past:], decoder.decode(codes[n_past:]), rng)
            order = rng.permutation(len(codes))
            rate = params.learning_rate * (1 - epoch / params.epochs)
            for start in range(0, len(order), params.batch):
                chosen = order[start : start + params.batch]
                _, gradients = decoder.gradients(codes[chosen], latents[chosen])
                optimizer.step(decoder.weights, gradients, rate)
        agree = (decoder.decode(codes) == latents).mean(axis=1)
        self._agreement += [agree[n_past:].mean(), agree[:n_past].mean() if n_past else 1.0]

    def _reassign(self, latents: Array, decoded: Array, rng: np.random.Generator) -> None:
        """Assign the samples of every class anew to its indices, in place."""
        n = self.params.samples
        for start in range(0, len(latents), n):
            own = slice(start, start + n)
            chosen, _ = assign_codes(latents[own], decoded[own], rng.permutation(n))
            samples = latents[own].copy()
            latents[own][chosen] = samples

    def _codes(self, classes: range) -> Array:
        """Return the codes of all indices of some classes, in -1 and +1."""
        n, prefix = self.params.samples, self.params.prefix
        codes = []
        for label in classes:
            task = {"class": label + 1, "task": self._tasks[label] + 1, "none": None}[prefix]
            codes.append(self._coder.codes(np.arange(label * n + 1, (label + 1) * n + 1), task))
        values = np.concatenate(codes).astype(np.float32)
        return 2 * values - 1

    def _refresh(self) -> None:
        """Decode every index once, and weigh classes by size."""
        self._decoded = pack(self._decoder.decode(self._codes(range(self.n_classes))) > 0)
        self._selector.set_class_weights(np.array(self._counts) / sum(self._counts))


def _flips(code: int, context: ReplayContext) -> Sampler:
    """Return a sampler of flip masks; its one prototype has the same code for every bit."""
    memory = PrototypesParams(
        features=context.features, code_width=_FLIP_WIDTH, components=1, classes=1
    )
    sampler = Sampler(SamplerParams(prototypes=memory, seed=context.seed))
    codes = np.full((1, context.features), code, np.uint16)
    sampler.prototypes.append(codes, np.zeros(0, np.uint16))
    return sampler


def _code_params(params: BinPlayParams, classes: int) -> IndexCodeParams:
    """Return the parameters of the codes of all indices, with the class or task as prefix."""
    samples = params.samples * classes
    if params.prefix == "none":
        return IndexCodeParams.fitting(params.index_bits, samples)
    width, primes = fit_primes(params.prefix_bits, classes)
    return IndexCodeParams.fitting(
        params.index_bits,
        samples,
        task="prefix",
        tasks=classes,
        task_width=width,
        task_primes=primes,
    )


def _sizes(params: BinPlayParams, context: ReplayContext) -> tuple[int, ...]:
    """Return the widths of the decoder's layers, from code to embedding."""
    hidden = (params.hidden,) if params.hidden else ()
    return (_code_params(params, context.classes).bits, *hidden, context.features)
