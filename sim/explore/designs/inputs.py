# SPDX-License-Identifier: MIT
"""Inputs of an evaluation: configuration, data, network and technology, all loaded."""

from dataclasses import dataclass
from pathlib import Path

from golden.params import NetworkParams
from sim.cost.technology.loading import load_technology
from sim.cost.technology.technology import Technology
from sim.data.bank import Bank
from sim.data.failing_network import FailingNetwork, load_failing_network
from sim.data.networks import load_network
from sim.data.sections import BanksConfig
from sim.data.source import load_bank
from sim.documents.yaml_lines import Document
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.supply import NETWORK_SUPPLIES
from sim.work.errors import UserError

__all__ = ["Inputs", "load_inputs"]


@dataclass(frozen=True)
class Inputs:
    """Everything that the evaluation of a configuration's designs needs.

    Parameters
    ----------
    config : ExploreConfig
    bank : Bank
        Its data, with all bits of every embedding.
    network : NetworkParams or None
        Network that makes the embeddings; None if no objective needs it.
    technology : Technology
        Technology that prices the designs.
    failing : FailingNetwork or None
        The network of the bank with its images; None where no cell of its memories can fail.
    """

    config: ExploreConfig
    bank: Bank
    network: NetworkParams | None
    technology: Technology
    failing: FailingNetwork | None = None


def load_inputs(config: ExploreConfig, document: Document, data_dir: Path | None) -> Inputs:
    """Load the inputs of a configuration's evaluation.

    Parameters
    ----------
    config : ExploreConfig
    document : Document
        Document of the configuration. It gives the line of a fault.
    data_dir : Path or None
        Folder of the data archives.

    Raises
    ------
    UserError
        If data, network or technology are missing or damaged, or do not fit each other. The
        message names key and line.
    """
    bank = load_bank(config.whole_data(), config.tasks, document, data_dir)
    technology = _technology(config, document)
    network, failing = _network(config, document, bank), None
    fails = any(getattr(config.hardware, key) is not None for key in NETWORK_SUPPLIES)
    if fails and config.data.name == "bank":
        data = BanksConfig.model_validate(config.whole_data().model_dump())
        failing = load_failing_network(data, document, data_dir)
    return Inputs(config, bank, network, technology, failing)


def _technology(config: ExploreConfig, document: Document) -> Technology:
    try:
        return load_technology(config.hardware.technology)
    except UserError as error:
        where = document.where(("hardware", "technology"))
        raise UserError(f"{where}: hardware.technology: {error}") from error


def _network(config: ExploreConfig, document: Document, bank: Bank) -> NetworkParams | None:
    """Return the network that makes the embeddings; None if it is neither given nor needed.

    Raises
    ------
    UserError
        If it is needed but not given, or makes other embeddings.
    """
    name = config.hardware.network
    if name is None:
        if bank.thermometer is not None:
            return NetworkParams(
                input=bank.thermometer.input, bits=bank.thermometer.bits, layers=(bank.thermometer,)
            )
        asked = [o.name for o in config.valued if o.static and o.name != "bits"]
        if not asked:
            return None
        raise UserError(
            f"{document.where(('hardware',))}: hardware.network is missing: {asked[0]} needs the "
            "network that makes the embeddings of a bank, as in network: fbnn-1M-wide"
        )
    where = document.where(("hardware", "network"))
    network = load_network(name)
    if network.output.size != bank.features:
        raise UserError(
            f"{where}: hardware.network must make the {bank.features} bits of an embedding, not "
            f"{network.output.size}"
        )
    return network
