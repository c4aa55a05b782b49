# SPDX-License-Identifier: MIT
"""Runs on the workers of a Dask cluster; the client, what goes to a worker, and what it checks."""

from sim.work.cluster.client import Cluster

__all__ = ["Cluster"]
