# SPDX-License-Identifier: MIT
"""What fitting several prototypes to a class takes: iterations of expectation and maximisation.

The embeddings of the class lie in a memory of their own. In an iteration each is read once; of
every prototype the log-odds of the features that are 1 are added up, whence the share of the
sample that is its own, and that share is added to the sums of these features. Then sums become
means and log-odds again, a division each. Left out is what is done once a sample and prototype,
exponentials and shares, beside D additions. No hardware here does it yet.
"""

from golden.params import PrototypesParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["fit", "memories"]

_SHARE_BITS = 16  # of a share, and of log-odds


def memories(params: PrototypesParams, samples: int) -> tuple[Memory, ...]:
    """Return the embeddings of a class, and sums and log-odds of its prototypes, in rows of L."""
    rows = params.class_components * params.beats
    return (
        Memory("embeddings", samples * params.beats, params.lanes),
        Memory("sums", rows, params.lanes * _sum_bits(samples)),
        Memory("log_odds", rows, params.lanes * _SHARE_BITS),
    )


def fit(params: PrototypesParams, samples: int, iterations: int) -> Tally:
    """Return what fitting the K prototypes of a class takes.

    Parameters
    ----------
    params : PrototypesParams
        K is the largest of a class.
    samples : int
        N, samples of the class.
    iterations : int
        Of all starts together.
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
