# SPDX-License-Identifier: MIT
"""Published continual learners on a chip, in their own units, and this one in the same."""

from dataclasses import dataclass

from sim.cost.assessment import Assessment
from sim.cost.counts.tally import Tally
from sim.cost.pricing import Total, price

__all__ = ["PUBLISHED", "Learner", "this_chip"]


@dataclass(frozen=True, kw_only=True)
class Learner:
    """What a work says of its energy; what it does not say is None.

    Attributes
    ----------
    name, platform, task : str
    class_joules, image_joules : Total or None
        J to learn a class, and J to learn from one image.
    inference_joules : Total or None
    memory_bits : int or None
        Bits of the memory of the past.
    citation : str
        Empty for a model.
    """

    name: str
    platform: str
    task: str
    class_joules: Total | None = None
    image_joules: Total | None = None
    inference_joules: Total | None = None
    memory_bits: int | None = None
    citation: str = ""


#: Figures of the abstracts.
PUBLISHED = (
    Learner(
        name="O-FSCIL",
        platform="microcontroller GAP9, 60 mW, measured",
        task="CIFAR-100, few images a class, prototypes",
        class_joules=Total.exactly(12e-3),
        citation="Wibowo et al., 12 mJ per Class On-Device Online Few-Shot Class-Incremental "
        "Learning, DATE 2024, arXiv 2403.07851, abstract",
    ),
    Learner(
        name="FSL-HDnn",
        platform="40 nm, silicon",
        task="10 classes of 5 images, hypervectors",
        image_joules=Total.exactly(6e-3),
        citation="Xu et al., FSL-HDnn: A 40 nm Few-shot On-Device Learning Accelerator with "
        "Integrated Feature Extraction and Hyperdimensional Computing, arXiv 2512.11826, abstract",
    ),
    Learner(
        name="TinyCL",
        platform="65 nm, 86 mW, synthesis",
        task="an epoch of CIFAR-10, whole network trained: 1.76 s, so 0.15 J",
        citation="Ressa et al., TinyCL: An Efficient Hardware Architecture for Continual Learning "
        "on Autonomous Systems, IJCNN 2025, arXiv 2402.09780v4, abstract",
    ),
)


def this_chip(assessment: Assessment) -> tuple[Learner, ...]:
    """Return the chip in the same units: learning by replay from prototypes, and without."""
    config, technology = assessment.config, assessment.technology
    task, prototypes = config.task, config.chip.sampler.prototypes
    kept = config.memory.classes * config.memory.components
    found = []
    for source, classifier in (("GBM", "head"), ("likelihood", "likelihood")):
        joules = assessment.phase(f"learn a task, {source}").bill.total
        found.append(
            Learner(
                name=f"this chip, {source}",
                platform=f"{technology.node:g} nm, modelled",
                task=f"{config.network_name}, {task.classes} classes of {task.samples} images",
                class_joules=joules * (1 / task.classes),
                image_joules=joules * (1 / (task.classes * task.samples)),
                inference_joules=_inference(assessment, classifier),
                memory_bits=kept * prototypes.features * prototypes.code_width,
            )
        )
    return tuple(found)


def _inference(assessment: Assessment, classifier: str) -> Total:
    """Return J of an image, its class named by one of the classifiers."""
    image = assessment.inference
    if classifier == "head":
        return image.bill.total
    head = assessment.phase("classify, head").phase.tally
    embedding = Tally({a: count - head[a] for a, count in image.phase.tally.items()})
    extracted = price(embedding, assessment.memories, assessment.technology)
    return extracted.total + assessment.phase("classify, likelihood").bill.total
