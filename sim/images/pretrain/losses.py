# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""What a training lowers: cross-entropy with the labels, and divergence from a teacher."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Loss", "classification_loss", "divergence"]

#: Returns the loss, and the logits of the labels, of a model, pixels and labels.
Loss = Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, Tensor]]


def classification_loss(smoothing: float, seen: int | None = None) -> Loss:
    """Return the cross-entropy with the labels, smoothed.

    Parameters
    ----------
    smoothing : float
        Label smoothing, in 0..1.
    seen : int or None
        Number of first outputs that learn; None for all.
    """

    def loss(model: nn.Module, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        logits = model(pixels)
        learnt = logits[:, :seen]
        return functional.cross_entropy(learnt, labels, label_smoothing=smoothing), logits

    return loss


def divergence(logits: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """Return how far logits are from those of a teacher.

    It is the Kullback-Leibler divergence at `temperature`, times the square of the temperature, so
    that its gradients have the size of those of a cross-entropy (Hinton et al., 2015).

    Parameters
    ----------
    logits, answers : Tensor of shape (n_images, classes)
        Logits of the network that learns, and of the teacher.
    temperature : float
        Divisor of the logits of both.
    """
    apart = functional.kl_div(
        functional.log_softmax(logits / temperature, dim=1),
        functional.log_softmax(answers / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return temperature**2 * apart
