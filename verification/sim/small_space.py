# SPDX-License-Identifier: MIT
"""A design space on digits that is small enough for tests, and texts that differ from it."""

from functools import cache

from sim.documents.validation import validate
from sim.documents.yaml_lines import Document, parse
from sim.explore.designs.checks import check_designs
from sim.explore.designs.evaluate import Evaluator
from sim.explore.designs.inputs import Inputs, load_inputs
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.space import Space

SPACE = """\
title: A small space
data: {name: digits, features: [512, 1024]}
tasks: {base: 4, increment: 2}
head: {hidden: [0, 16], epochs: 1}
methods:
  - replay: gbm
    components: [1, 2]
    code_width: {low: 2, high: 6, step: 2}
    mode: [parallel, serial]
    mixture: {init: [centroid, random], max_iter: 3}
  - {replay: latent, exemplars: {low: 1, high: 20, log: true}}
  - {replay: ncm, code_width: 4}
hardware: {pe: [8, 16], simd: 32, embeddings: [buffer, recompute]}
objectives: [accuracy, {name: bits, of: past}, energy, area, latency]
constraints: ["bits <= 100 kb"]
fidelity: {rungs: [{tasks: 2}, {}, {seeds: 2}]}
recommend: [0.1]
reference: {replay: gbm, gbm.components: 1, gbm.code_width: 6}
"""


def document_of(text: str = SPACE) -> Document:
    return parse(text, "space.yaml")


def config_of(text: str = SPACE) -> ExploreConfig:
    return validate(ExploreConfig, document_of(text))


def space_of(text: str = SPACE) -> Space:
    return Space(config_of(text))


def inputs_of(text: str = SPACE) -> Inputs:
    """Return what the designs of a configuration are evaluated by, once it is checked."""
    document = document_of(text)
    inputs = load_inputs(validate(ExploreConfig, document), document, None)
    check_designs(inputs, document)
    return inputs


@cache
def evaluator_of(text: str = SPACE) -> Evaluator:
    return Evaluator(inputs_of(text))
