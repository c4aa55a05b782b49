# SPDX-License-Identifier: MIT
"""Counts of fitting several prototypes to a class by expectation maximisation.

The embeddings of the class lie in a memory of their own. An iteration reads each embedding once.
For every prototype it sums the log-odds of the features that are 1. This sum gives the share of the
sample that belongs to the prototype, and the share is added to the sums of these features. At the
end of the iteration one division for each sum gives the new means and log-odds. Exponentials and
shares are left out; they are computed once for each sample and prototype, next to D additions. No
hardware here does this yet.
"""

from golden.params import PrototypesParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["fit", "memories"]

_SHARE_BITS = 16  # bits of a share and of log-odds


def memories(params: PrototypesParams, samples: int) -> tuple[Memory, ...]:
    """Return the memories: embeddings of a class, and sums and log-odds of its prototypes.

    All have rows of L numbers.

    Parameters
    ----------
    params : PrototypesParams
    samples : int
        N, samples of the class.
    """
    rows = params.class_components * params.beats
    return (
        Memory("embeddings", samples * params.beats, params.lanes),
        Memory("sums", rows, params.lanes * _sum_bits(samples)),
        Memory("log_odds", rows, params.lanes * _SHARE_BITS),
    )


def fit(params: PrototypesParams, samples: int, iterations: int) -> Tally:
    """Return the actions that fit the K prototypes of a class.

    Parameters
    ----------
    params : PrototypesParams
        K is its `class_components`, the largest number of a class.
    samples : int
        N, samples of the class.
    iterations : int
        Total number of iterations of all starts.
    """
    check_integer("Samples of a class", samples, 1)
    check_integer("Iterations", iterations, 0)
    components, beats, lanes = params.class_components, params.beats, params.lanes
    rows, numbers = components * beats, components * params.features
    wide = _sum_bits(samples)
    iteration = Tally({
        Action("embeddings", "read", lanes): samples * beats,
        Action("log_odds", "read", lanes * _SHARE_BITS): samples * rows,
        Action("likelihood", "accumulate", _SHARE_BITS + params.features.bit_length()):
            samples * numbers,
        Action("sums", "read", lanes * wide): (samples + 1) * rows,
        Action("sums", "write", lanes * wide): (samples + 1) * rows,
        Action("add", "accumulate", wide): samples * numbers,
        Action("divide", "accumulate", wide + 1): numbers * _SHARE_BITS,
        Action("log_odds", "write", lanes * _SHARE_BITS): rows,
    })  # fmt: skip
    kept = Tally({Action("embeddings", "write", lanes): samples * beats})
    codes = Tally({Action("divide", "accumulate", wide + 1): numbers * params.code_width})
    return kept + iterations * iteration + codes


def _sum_bits(samples: int) -> int:
    """Return the bits of a sum of shares of all samples."""
    return _SHARE_BITS + samples.bit_length()
