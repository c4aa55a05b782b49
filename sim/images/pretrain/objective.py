# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""All that a binary network learns from by its recipe, in one loss."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from sim.images.pretrain.attention import attention_distance
from sim.images.pretrain.decorrelation import decorrelation
from sim.images.pretrain.dropped import Dropped
from sim.images.pretrain.ensemble import Ensemble
from sim.images.pretrain.losses import divergence
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.rotations import with_rotations
from sim.images.pretrain.settings import PretrainConfig
from sim.images.pretrain.teacher import Teacher

__all__ = ["Objective"]


class Objective:
    """Loss of a binary network: labels, teacher, attention, decorrelation and rotations.

    With a projector, labels and teacher teach the embeddings through it alone. They teach the head
    as well, whose gradient ends at the embeddings.

    Parameters
    ----------
    config : PretrainConfig
    teacher : Teacher, Ensemble or None
        There just if the configuration has a distillation.
    dropped : Dropped
        Layers that the loss needs beside the network.
    """

    def __init__(
        self, config: PretrainConfig, teacher: Teacher | Ensemble | None, dropped: Dropped
    ) -> None:
        assert (config.distillation is None) == (teacher is None)
        self.config = config
        self.teacher = teacher
        self.dropped = dropped

    def __call__(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of a batch, and the logits of its images."""
        assert isinstance(model, BinaryNetwork)
        config, n_images = self.config, len(labels)
        answers, maps = self._taught(pixels)
        images, names = pixels, labels
        if config.rotations is not None:
            classes = config.classes.base
            images, names = with_rotations(pixels, labels, config.rotations.copies, classes)
        sums: list[Tensor] = []
        embeddings = model.features(images, sums)
        logits, all_logits = self.dropped(embeddings, model.head)
        logits = logits[:n_images]
        loss = self._fit(all_logits, names, logits, answers)
        if config.projector is not None:
            logits = model.head(embeddings[:n_images].detach())
            loss = loss + self._fit(logits, labels, logits, answers)
        if maps:
            assert config.distillation is not None
            own = [x[:n_images] for x in sums]
            loss = loss + config.distillation.attention * attention_distance(own, maps)
        if config.decorrelation is not None:
            of_sums = config.decorrelation.of == "sums"
            x = (sums[-1] if of_sums else embeddings)[:n_images].flatten(1).float()
            penalty = decorrelation(x, labels, pooled=config.decorrelation.pooled)
            loss = loss + config.decorrelation.weight * penalty
        return loss, logits

    def _taught(self, pixels: Tensor) -> tuple[Tensor | None, list[Tensor]]:
        """Return the answers of the teacher, and its maps if they are learnt."""
        taught = self.config.distillation
        if taught is None or self.teacher is None:
            return None, []
        with torch.no_grad():
            if isinstance(self.teacher, Teacher) and taught.attention:
                return self.teacher.answers(pixels)
            return self.teacher(pixels), []

    def _fit(
        self, all_logits: Tensor, labels: Tensor, logits: Tensor, answers: Tensor | None
    ) -> Tensor:
        """Return the loss by the labels, mixed with that by the answers of the teacher."""
        smoothing = self.config.training.label_smoothing
        loss = functional.cross_entropy(all_logits, labels, label_smoothing=smoothing)
        taught = self.config.distillation
        if taught is None or answers is None or not taught.weight:
            return loss
        apart = divergence(logits, answers, taught.temperature)
        return (1 - taught.weight) * loss + taught.weight * apart
