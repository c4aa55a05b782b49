# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Layers of real numbers that a recipe trains beside the network, and drops."""

import torch
from torch import Tensor, nn

from sim.images.pretrain.rotations import ANGLES
from sim.images.pretrain.terms import ProjectorConfig

__all__ = ["Dropped"]


class Dropped(nn.Module):
    """A projector with its output layer, and outputs of rotated classes, each if it is asked for.

    Parameters
    ----------
    features : int
        D, features of an embedding.
    classes : int
        C.
    projector : ProjectorConfig or None
    rotated : bool
        Whether there are outputs of 3 C rotated classes.
    generator : torch.Generator
        Draws the first weights.
    """

    def __init__(
        self,
        features: int,
        classes: int,
        projector: ProjectorConfig | None,
        rotated: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.projector: nn.Sequential | None = None
        self.output: nn.Linear | None = None
        self.rotated: nn.Linear | None = None
        if projector is not None:
            self.projector = nn.Sequential(
                nn.Linear(features, projector.hidden, bias=False),
                nn.BatchNorm1d(projector.hidden),
                nn.ReLU(),
                nn.Linear(projector.hidden, projector.outputs),
            )
            features = projector.outputs
            self.output = nn.Linear(features, classes)
        if rotated:
            self.rotated = nn.Linear(features, ANGLES * classes)
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if weight.ndim > 1:
                    weight.normal_(0, weight.shape[1] ** -0.5, generator=generator)
                elif name.endswith("bias"):
                    weight.zero_()

    def forward(self, embeddings: Tensor, head: nn.Module) -> tuple[Tensor, Tensor]:
        """Return logits of the classes, and of them with the rotated ones after them.

        Parameters
        ----------
        embeddings : Tensor of shape (n_images, D)
        head : torch.nn.Module
            Head of the network, which answers where no projector does.
        """
        x = embeddings if self.projector is None else self.projector(embeddings)
        logits = head(x) if self.output is None else self.output(x)
        if self.rotated is None:
            return logits, logits
        return logits, torch.cat([logits, self.rotated(x)], dim=1)
