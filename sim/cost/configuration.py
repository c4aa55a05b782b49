# SPDX-License-Identifier: MIT
"""What `engram cost` prices, from YAML: a chip, its network, what it keeps, how it learns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pydantic
from pydantic import Field

from golden.params import (
    AcceleratorParams,
    ChipParams,
    LatentBufferParams,
    MvuParams,
    NetworkParams,
    PrototypesParams,
    SamplerParams,
)
from sim.cost.counts.room import check_room
from sim.errors import UserError
from sim.files import built_in_or_own, read_text
from sim.networks import load_network
from sim.parameters import parameters_section
from sim.section import Section
from sim.validation import validate
from sim.yaml_lines import Document, parse

__all__ = ["BUILT_IN", "REFERENCE", "CostConfig", "MemorySection", "TaskSection", "load_cost"]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"

#: The chip from which a configuration names what differs: that of the synthesis report.
REFERENCE = ChipParams(
    accelerator=AcceleratorParams(mvu=MvuParams()),
    sampler=SamplerParams(prototypes=PrototypesParams(features=512, code_width=8)),
    latent=LatentBufferParams(features=512, exemplars=5),
)


class MemorySection(Section):
    """What is kept of the past.

    Attributes
    ----------
    classes : int
        n_c, classes learned.
    components : int
        K, prototypes of each.
    """

    classes: int = Field(ge=1)
    components: int = Field(default=1, ge=1)


class TaskSection(Section):
    """How a task is learned.

    Attributes
    ----------
    classes : int
        Classes that are new.
    samples : int
        Training samples of each.
    epochs : int
        Times that each sample is seen.
    batch : int
        B, samples of a batch, old and new.
    hidden : int
        H, hidden neurons of the head.
    forward_bits, backward_bits : int
        q_f and q_b: bits of the numbers of the forward and the backward pass.
    weight_bits : int
        Bits of the real weights behind the binary ones.
    embeddings : {"buffer", "recompute"}
        Whether the embeddings of the new samples are kept until the task is learned, or the
        network sees every sample in every epoch.
    fit : {"host", "chip"}
        Where prototypes are fitted. On the chip K must be 1: its mean is a count.
    """

    classes: int = Field(default=5, ge=1)
    samples: int = Field(default=500, ge=1)
    epochs: int = Field(default=4, ge=1)
    batch: int = Field(default=128, ge=2)
    hidden: int = Field(default=128, ge=0)
    forward_bits: int = Field(default=16, ge=1, le=32)
    backward_bits: int = Field(default=16, ge=1, le=32)
    weight_bits: int = Field(default=16, ge=1, le=32)
    embeddings: Literal["buffer", "recompute"] = "buffer"
    fit: Literal["host", "chip"] = "chip"


class _CostFields(Section):
    title: str
    network: str
    clock_mhz: float = Field(default=50.0, gt=0)
    retention_days: float = Field(default=1.0, gt=0)
    memory: MemorySection
    task: TaskSection = TaskSection()


@dataclass(frozen=True, kw_only=True)
class CostConfig:
    """What is priced.

    Parameters
    ----------
    title : str
    chip : ChipParams
    network_name : str
        As the configuration names it.
    network : NetworkParams
    clock : float
        Hz.
    retention : float
        Seconds that what was learned is kept, for the phase of that name.
    memory : MemorySection
    task : TaskSection
    """

    title: str
    chip: ChipParams
    network_name: str
    network: NetworkParams
    clock: float
    retention: float
    memory: MemorySection
    task: TaskSection


def load_cost(name: str) -> CostConfig:
    """Read a configuration.

    Parameters
    ----------
    name : str
        Path of a YAML file, or the name of a built-in one.

    Raises
    ------
    UserError
        If the file cannot be read or a value does not fit; the message names file, line and key.
    """
    path = built_in_or_own(name, BUILT_IN, "Configuration")
    document = parse(read_text(path), str(path))
    section = parameters_section(REFERENCE)
    content: dict[str, Any] = {"chip": (section, section())}
    model = pydantic.create_model("CostFile", __base__=_CostFields, **content)
    fields = validate(model, document)
    config = CostConfig(
        title=fields.title,
        chip=fields.chip.value(),  # pyright: ignore[reportAttributeAccessIssue]
        network_name=fields.network,
        network=load_network(fields.network),
        clock=fields.clock_mhz * 1e6,
        retention=fields.retention_days * 86_400,
        memory=fields.memory,
        task=fields.task,
    )
    _check(config, document)
    return config


def _check(config: CostConfig, document: Document) -> None:
    """Refuse what does not fit its memories, or does not fit together."""
    prototypes, memory, task = config.chip.sampler.prototypes, config.memory, config.task
    classes, components = prototypes.classes, prototypes.components
    faults = [
        (("memory", "classes"), memory.classes, classes, "classes of the chip's class table"),
        (
            ("memory", "components"), memory.components, prototypes.class_components,
            "components a class of the chip",
        ),
        (
            ("memory", "components"), memory.components, components // memory.classes,
            f"components that {memory.classes} classes have room for in a memory of {components}",
        ),
        (("task", "classes"), task.classes, memory.classes, "classes kept"),
        *(
            [(("task", "fit"), memory.components, 1, "component a class that a chip can fit")]
            if task.fit == "chip" else []
        ),
    ]  # fmt: skip
    for path, value, most, what in faults:
        if value > most:
            raise UserError(
                f"{document.where_within(path[:1])}: {'.'.join(path)} must be at most the {most} "
                f"{what}, not {value}"
            )
    try:
        check_room(config.network, config.chip.accelerator)
    except ValueError as error:
        raise UserError(f"{document.where(('chip', 'accelerator'))}: {error}") from error
    wanted = prototypes.features
    features = config.network.layers[-1].output.size
    if features != wanted:
        raise UserError(
            f"{document.where(('network',))}: network must yield the {wanted} features of the "
            f"chip's sampler, not {features}"
        )
