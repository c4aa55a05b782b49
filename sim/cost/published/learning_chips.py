# SPDX-License-Identifier: MIT
"""Published continual learners on a chip, and this chip in the same units."""

from dataclasses import dataclass, replace

from sim.cost.assessment import Assessment
from sim.cost.bills import Prices
from sim.cost.counts.tally import Tally
from sim.cost.priced import PricedPhase
from sim.cost.pricing import price_memories
from sim.cost.technology.loading import load_technology
from sim.cost.technology.operating import scaled
from sim.cost.technology.scaling import usual_supply
from sim.cost.totals import Total, total
from sim.data.published import Paper, load_paper

__all__ = ["Learner", "at_node", "published_learners", "this_chip"]

#: Their papers in `sim.data.published`.
_PAPERS = ("ofscil", "fsl_hdnn", "tinycl", "park", "anp_i", "eon1", "chameleon")

# Technology that is scaled to the node of a work.
_SCALED = "cmos28"


# Values of a paper that attributes of a learner come from.
_BOUNDED = {
    "class_joules": "class_energy",
    "image_joules": "image_energy",
    "inference_joules": "inference_energy",
    "training": "training",
    "learning_area": "learning_area",
}

# Ways in which this chip learns and classifies, each by blocks that exist. The integer head is that
# of the trainer; no block trains the binary one.
_REPLAYED = "GBM, integer head"
_WAYS = ((_REPLAYED, "integer head"), ("likelihood", "likelihood"))


@dataclass(frozen=True, kw_only=True)
class Learner:
    """The energies that a work states; those that it does not state are None.

    Attributes
    ----------
    name, platform, task : str
    class_joules, image_joules : Total or None
        J to learn a class, and J to learn from one image.
    inference_joules : Total or None
        J to classify one image.
    training : float or None
        Energy to learn from one image, divided by that to classify one.
    memory_bits : int or None
        Bits of the memory of the past.
    scope : str
        What the energies contain.
    node : float or None
        nm, where the work states it.
    learning_area : float or None
        Area that learning adds, divided by that of the chip. Of this chip, both are memories.
    below : tuple of str
        Names of the attributes that are only bounds: the work says that it is less.
    citation : str
        Citation of the work; empty for our model.
    """

    name: str
    platform: str
    task: str
    class_joules: Total | None = None
    image_joules: Total | None = None
    inference_joules: Total | None = None
    training: float | None = None
    memory_bits: int | None = None
    scope: str = ""
    node: float | None = None
    learning_area: float | None = None
    below: tuple[str, ...] = ()
    citation: str = ""


def published_learners() -> tuple[Learner, ...]:
    """Return the learners whose papers state an energy."""
    return tuple(_learner(load_paper(name)) for name in _PAPERS)


def this_chip(assessment: Assessment) -> tuple[Learner, ...]:
    """Return this chip in the same units: with replay from prototypes, and by likelihood alone."""
    config, technology = assessment.config, assessment.technology
    task, prototypes = config.task, config.chip.sampler.prototypes
    kept = config.memory.classes * config.memory.components
    found = []
    for source, classifier in _WAYS:
        learned = assessment.phase(f"learn a task, {source}")
        joules = learned.bill.total
        image, answer = (
            joules * (1 / (task.classes * task.samples)),
            _inference(assessment, classifier),
        )
        found.append(
            Learner(
                name=f"this chip, {source}",
                platform=f"{technology.node:g} nm, modelled",
                task=f"{config.network_name}, {task.classes} classes of {task.samples} images",
                class_joules=joules * (1 / task.classes),
                image_joules=image,
                inference_joules=answer,
                training=image.nominal / answer.nominal if answer.nominal else None,
                memory_bits=kept * prototypes.features * prototypes.code_width,
                scope="chip with feature extraction",
                node=technology.node,
                learning_area=_learning_area(assessment, learned),
            )
        )
    return tuple(found)


def at_node(assessment: Assessment, node: float) -> tuple[Total, Total]:
    """Return what this chip would take at another node, from `cmos28` scaled to it.

    Parameters
    ----------
    assessment : Assessment
    node : float
        nm, 7 to 130; the supply is the usual one there.

    Returns
    -------
    tuple of Total
        Energy (J) to learn a class, and to learn from an image, with replay from prototypes.
        Leakage is known at the node of that technology. Elsewhere it counts as missing.
    """
    config, task = assessment.config, assessment.config.task
    there = scaled(load_technology(_SCALED), node, usual_supply(node))
    prices = Prices(
        config=config,
        technology=there,
        memories=price_memories([line.memory for line in assessment.memories], there),
        working=price_memories([line.memory for line in assessment.working], there),
    )
    joules = prices.bill(assessment.phase(f"learn a task, {_REPLAYED}").phase).total
    return joules * (1 / task.classes), joules * (1 / (task.classes * task.samples))


def _learning_area(assessment: Assessment, learned: PricedPhase) -> float | None:
    """Return the area of the memories that a phase needs beside the chip's, divided by theirs."""
    beside = total(line.area for line in assessment.prices.used_beside(learned.phase))
    area = assessment.area
    if (area + beside).missing or not area.nominal:
        return None
    return beside.nominal / area.nominal


def _learner(paper: Paper) -> Learner:
    """Return the energies of a paper in J. The paper's values are in mJ, mW and s."""
    values, setting = paper.values, paper.setting
    power = f"{values['power'].number:g} mW" if "power" in values else ""
    task = setting["task"]
    if "epoch_time" in values:
        seconds = values["epoch_time"].number
        joules = seconds * values["power"].number / 1e3
        task = f"{task}: {seconds:g} s, so {joules:.2g} J"
    node, area = setting.get("node"), values.get("learning_area")
    locators = dict.fromkeys(value.locator for value in values.values())
    return Learner(
        name=paper.title,
        platform=", ".join(filter(None, (setting["hardware"], power, setting["evidence"]))),
        task=task,
        class_joules=_joules(paper, "class_energy"),
        image_joules=_image_joules(paper),
        inference_joules=_joules(paper, "inference_energy"),
        training=values["training"].number if "training" in values else None,
        scope=setting["scope"],
        node=None if node is None else float(node),
        learning_area=None if area is None else area.number / 100,
        below=tuple(name for name, key in _BOUNDED.items() if key in values and values[key].below),
        citation=", ".join((paper.citation, *locators)),
    )


def _image_joules(paper: Paper) -> Total | None:
    """Return the energy (J) of learning from an image, as stated or as a multiple of inference."""
    stated, inference = _joules(paper, "image_energy"), _joules(paper, "inference_energy")
    if stated is None and inference is not None and "training" in paper.values:
        return inference * paper.values["training"].number
    return stated


def _joules(paper: Paper, key: str) -> Total | None:
    """Return an energy of a paper, converted from mJ to J; None if it is not stated."""
    value = paper.values.get(key)
    return None if value is None else Total.exactly(value.number / 1e3)


def _inference(assessment: Assessment, classifier: str) -> Total:
    """Return the energy (J) to classify an image with a classifier other than the binary head."""
    image = assessment.inference
    head = assessment.phase("classify, head").phase
    embedding = Tally({a: count - head.tally[a] for a, count in image.phase.tally.items()})
    assert image.phase.cycles is not None
    assert head.cycles is not None
    extraction = replace(image.phase, tally=embedding, cycles=image.phase.cycles - head.cycles)
    extracted = assessment.prices.bill(extraction)
    return extracted.total + assessment.phase(f"classify, {classifier}").bill.total
