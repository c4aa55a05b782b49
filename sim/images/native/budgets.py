# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The sizes that fit a budget of bits: images, embeddings, and a network of real numbers."""

from golden.params import NetworkParams
from sim.documents.yaml_lines import Document, dotted
from sim.images.native.learners import widest
from sim.images.native.settings import NativeConfig, Plan
from sim.work.errors import UserError

__all__ = ["capacity_of", "check_sizes", "exemplars_of", "sample_bits", "whole_samples"]


def whole_samples(megabits: float, sample_bits: int) -> int:
    """Return how many samples of `sample_bits` bits fit into `megabits` Mb (10^6 bits).

    25 Mb hold 1,162 images of 32 x 32 x 3 pixels of 7 bits, or 24,414 latents of 1,024 bits; the
    ISCAS'24 slides round both down, to 1,150 and 24,400.
    """
    return round(megabits * 1e6) // sample_bits


def exemplars_of(capacity: int, classes: int, most: int) -> int:
    """Return E of latent replay, the number of exemplars of every class.

    Parameters
    ----------
    capacity : int
        Embeddings that the memory holds.
    classes : int
        n_c, the number of classes to come.
    most : int
        Samples of the smallest class, the largest possible E.

    Returns
    -------
    int
        At least 1, even if `capacity` is less than `classes`: the classes of the last task are
        never replayed.
    """
    return min(max(capacity // classes, 1), most)


def sample_bits(plan: Plan, network: NetworkParams) -> int:
    """Return the bits of a sample that a method keeps: of an embedding, or of an image."""
    if plan.replay == "latent":
        return network.output.size
    return network.input.size * network.bits


def capacity_of(plan: Plan, network: NetworkParams) -> int | None:
    """Return how many samples a method keeps; None if it keeps all."""
    if plan.megabits is None:
        return None
    return whole_samples(plan.megabits, sample_bits(plan, network))


def check_sizes(
    config: NativeConfig, document: Document, network: NetworkParams, tasks: tuple[range, ...]
) -> None:
    """Refuse a memory or a network that is too small for a method.

    A memory must hold a sample of every class that is replayed. The classes of the last task are
    never replayed.

    Parameters
    ----------
    config : NativeConfig
    document : Document
        Document of the configuration.
    network : NetworkParams
        Network with a head for the classes to come.
    tasks : tuple of range
        Classes of each task.

    Raises
    ------
    UserError
        If a budget or the network is too small; the message names the place and the smallest size.
    """
    replayed = tasks[-1].start
    for plan in config.plans():
        if plan.replay == "float":
            _check_width(plan, document, network)
        capacity = capacity_of(plan, network)
        if capacity is not None and capacity < replayed:
            bits = sample_bits(plan, network)
            path = ("methods", plan.entry, "megabits")
            raise UserError(
                f"{document.where(path)}: {dotted(path)} must be at least "
                f"{replayed * bits / 1e6:g}, a sample of {bits} bits of each of the {replayed} "
                f"classes that are replayed, not {plan.megabits:g}"
            )


def _check_width(plan: Plan, document: Document, network: NetworkParams) -> None:
    """Refuse a binary network that has fewer bits than any network of real numbers."""
    try:
        widest(network)
    except ValueError as error:
        path = ("methods", plan.entry)
        raise UserError(f"{document.where(path)}: {dotted(path)}: network {error}") from error
