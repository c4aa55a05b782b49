# SPDX-License-Identifier: MIT
"""A bank from the file of its embeddings, with what is known of the network that made them."""

import numpy as np
from numpy.typing import NDArray

from sim.data.bank import Bank
from sim.data.bank_file import BankFile

__all__ = ["bank_of_file"]


def bank_of_file(
    file: BankFile,
    order: NDArray[np.int64],
    tasks: tuple[range, ...],
    network_bits: int | None = None,
) -> Bank:
    """Split the embeddings of a bank file into tasks.

    Parameters
    ----------
    file : BankFile
        Embeddings, labels and origin.
    order : ndarray of shape (n_classes,), int64
        Class at each position.
    tasks : tuple of range
        Class positions that each task brings.
    network_bits : int, optional
        Bits of the network that made the embeddings, if known.
    """
    position = np.argsort(order)
    class_names = tuple(file.class_names[label] for label in order)
    trained = file.trained_classes()
    later = range(tasks[0].stop, len(order))
    seen = tuple(class_names[p] for p in later if order[p] in (trained or ()))
    known = bool(file.network_sha256)
    if known:
        origin = f"{file.provenance}; embedded by the network {file.network_sha256[:12]}"
        if faults := file.pretraining.get("faults"):
            named = (("share", "weight cells"), ("maps", "map cells"))
            shares = " and ".join(
                f"{faults[k]} of whose {what}" for k, what in named if k in faults
            )
            origin += f", {shares} fail on the die {faults['die']}"
        if seen:
            origin += f", whose training has seen {len(seen)} of the classes of later tasks"
    else:
        origin = f"{file.provenance}; embeddings of no known network, whose bits nobody counts"
        if seen:
            origin += f", whose binarizer has seen {len(seen)} of the classes of later tasks"
    if trained is None or not known:
        origin += ", of which the bank does not say on which classes it was trained"
    return Bank(
        features=file.features,
        train=file.train,
        train_labels=position[file.train_labels],
        test=file.test,
        test_labels=position[file.test_labels],
        tasks=tasks,
        class_names=class_names,
        thermometer=None,
        provenance=origin,
        network_bits=network_bits,
        seen=seen,
        says_trained=known and trained is not None,
        network_known=known,
        data_sha256=file.data_sha256,
    )
