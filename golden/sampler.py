# SPDX-License-Identifier: MIT
"""Sampler: it takes requests for classes and draws exemplars of their prototypes (contract, 7)."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import check_label_vector
from golden.bernoulli import Bernoulli
from golden.bits import word_count
from golden.faults import Faults, ReadErrors
from golden.lfsr import Lfsr
from golden.params import BernoulliParams, SamplerParams, stream_seed
from golden.prototypes import Prototypes
from golden.selector import Selector

__all__ = ["Beat", "Sampler", "check_labels"]


class Beat(NamedTuple):
    """One beat of an exemplar.

    Attributes
    ----------
    bits : int
        L bits, bit ``l`` of lane ``l``.
    label : int
        Class of the exemplar.
    last : bool
        Whether it is the final beat of its exemplar.
    exemplar : int
        Number of the exemplar in its request, ``0..M-1``.
    """

    bits: int
    label: int
    last: bool
    exemplar: int


class Sampler:
    """Sampler that draws exemplars of the classes in a prototype memory.

    Parameters
    ----------
    params : SamplerParams
    faults : Faults, optional
        Cells of the memory that fail.
    read_errors : ReadErrors, optional
        Errors of single reads. All M draws of a read share them.

    Raises
    ------
    ValueError
        If faults or errors are of rows of other lanes or codes.

    Attributes
    ----------
    prototypes : Prototypes
        The memory, empty at first.
    selector : Selector
        Selector of the classes of requests and of the components.
    lfsrs : tuple of Lfsr
        Random sources of the comparator: one for each of the q planes, most significant first, or
        a single one in mode ``serial``.
    rows_read : int
        Number of memory rows read so far. One read serves the same beat of all M exemplars.
    planes_read : int
        Number of planes compared so far, over all beats. Each used one word.
    """

    def __init__(
        self,
        params: SamplerParams,
        faults: Faults | None = None,
        read_errors: ReadErrors | None = None,
    ) -> None:
        if read_errors is not None:
            read_errors.check_rows(params.prototypes.lanes, params.prototypes.code_width)
        self.params = params
        self.read_errors = read_errors
        self.prototypes = Prototypes(params.prototypes, faults)
        self.selector = Selector(params.selector)
        self.lfsrs = tuple(Lfsr(lfsr) for lfsr in params.lfsrs())
        self.rows_read = 0
        self.planes_read = 0
        self._bernoulli = Bernoulli(
            BernoulliParams(code_width=params.prototypes.code_width, lanes=params.prototypes.lanes)
        )

    def reseed(self, seed: int) -> None:
        """Load the seeds of user seed `seed`, ``0 .. 2**64 - 1``, into all LFSRs (contract, 4).

        Every word from now on is that of a sampler with this seed. Memory, counters, the pointer of
        the selector and the seeds of recovery stay.
        """
        self.selector.reseed(seed)
        for stream, lfsr in zip(self.params.streams, self.lfsrs, strict=True):
            lfsr.load(stream_seed(seed, stream))

    def beats(self, label: int) -> Iterator[Beat]:
        """Serve one request for class `label`: beat 0 of M exemplars, then beat 1, and so on.

        Random words are used only when a beat is taken.
        """
        first = self.prototypes.first_component(label)
        component = first + self.selector.component(self.prototypes.thresholds_of(label))
        p = self.params.prototypes
        for beat in range(p.beats):
            codes = self._row(component, beat)
            live = min(p.lanes, p.features - beat * p.lanes)
            for exemplar in range(self.params.draws_per_read):
                bits = self._draw(codes, live)
                yield Beat(bits, label, last=beat == p.beats - 1, exemplar=exemplar)

    def draw(self, labels: ArrayLike) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Serve requests in order and collect their exemplars.

        Parameters
        ----------
        labels : array-like of shape (n,), integers
            Classes in the table.

        Returns
        -------
        exemplars : ndarray of shape (n*M, ceil(D/64)), uint64
            Packed; row ``r*M + m`` is exemplar ``m`` of request ``r``.
        labels : ndarray of shape (n*M,), int64
            Their classes.

        Raises
        ------
        TypeError, ValueError
            If `labels` is not a vector of classes in the table. Nothing is drawn.
        """
        requests = check_labels(labels, self.prototypes)
        p, repeats = self.params.prototypes, self.params.draws_per_read
        features = [0] * (len(requests) * repeats)
        for request, label in enumerate(requests.tolist()):
            for index, beat in enumerate(self.beats(label)):
                row = request * repeats + beat.exemplar
                features[row] |= beat.bits << (index // repeats * p.lanes)
        width = word_count(p.features)
        octets = b"".join(row.to_bytes(8 * width, "little") for row in features)
        exemplars = np.frombuffer(octets, "<u8").astype(np.uint64)
        return exemplars.reshape(len(features), width), np.repeat(requests, repeats)

    def state_dict(self) -> dict[str, NDArray]:
        """Return everything that `load_state` needs, with selector and memory, as arrays."""
        return {
            "sampler_states": np.array([lfsr.state for lfsr in self.lfsrs], np.uint64),
            "sampler_ticks": np.array([lfsr.ticks for lfsr in self.lfsrs], np.int64),
            "sampler_reads": np.array([self.rows_read, self.planes_read], np.int64),
            **self.selector.state_dict(),
            **self.prototypes.state_dict(),
        }

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Continue, bit for bit, from where `state_dict` was called.

        Raises
        ------
        ValueError
            If the state belongs to a sampler with other parameters.
        """
        states = state["sampler_states"]
        if len(states) != len(self.lfsrs):
            raise ValueError(f"Sampler state must hold {len(self.lfsrs)} LFSRs, not {len(states)}")
        self.prototypes.load_state(state)
        self.selector.load_state(state)
        for lfsr, value, ticks in zip(self.lfsrs, states, state["sampler_ticks"], strict=True):
            lfsr.state, lfsr.ticks = int(value), int(ticks)
        self.rows_read, self.planes_read = state["sampler_reads"].tolist()

    def _row(self, component: int, beat: int) -> list[int]:
        """Return the L codes of a row, lane 0 first, as this read of the memory gives them."""
        p = self.params.prototypes
        codes = self.prototypes.lane_codes(component, beat)
        if self.read_errors is not None:
            live = min(p.lanes, p.features - beat * p.lanes)
            written = np.array([codes[:live]], np.uint16)
            codes[:live] = self.read_errors.read(written, self.rows_read)[0].tolist()
        self.rows_read += 1
        return codes

    def _draw(self, codes: list[int], live: int) -> int:
        """Draw the bits of one beat."""
        if self.params.mode == "parallel":
            self.planes_read += len(self.lfsrs)
            return self._bernoulli.draw([lfsr.tick() for lfsr in self.lfsrs], codes)
        bits, planes_read = self._bernoulli.draw_serial(self.lfsrs[0].tick, codes, live)
        self.planes_read += planes_read
        return bits


def check_labels(labels: ArrayLike, prototypes: Prototypes) -> NDArray[np.int64]:
    """Return `labels` as int64; raise unless it is a vector of classes that are in a memory."""
    array = check_label_vector(labels)
    n_classes, removed = prototypes.n_classes, sorted(prototypes.removed)
    wrong = (array < 0) | (array >= n_classes)
    if wrong.any():
        raise ValueError(
            f"Labels must be among the {n_classes} classes in the table, not {array[wrong][0]}"
        )
    gone = np.isin(array, removed)
    if gone.any():
        raise ValueError(f"Labels must be classes that were not removed, not {array[gone][0]}")
    return array
