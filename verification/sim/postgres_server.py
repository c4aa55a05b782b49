# SPDX-License-Identifier: MIT
"""A PostgreSQL server of a test's own: a cluster in a temporary folder, on a free port of loopback.

PostgreSQL refuses to run as root; the user of Debian's package runs it then.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

#: User of Debian's package.
USER = "postgres"

_FOLDERS = [*map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]


@contextmanager
def running_server() -> Iterator[str]:
    """Run a server; yield the address of its database. The test skips where there is none."""
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is absent: pip install -e '.[postgres]'")
    tools = [_tool(name) for name in ("initdb", "pg_ctl")]
    if None in tools or (os.geteuid() == 0 and shutil.which("setpriv") is None):
        pytest.skip("PostgreSQL is absent: apt-get install postgresql")
    # Not within pytest's folder, which is closed to every other user.
    folder = Path(tempfile.mkdtemp(prefix="engram-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        port = _free_port()
        _run(tools[0], "-D", folder / "data", "-U", USER, "-A", "trust", "-N", "-E", "UTF8")
        options = f"-F -c listen_addresses=127.0.0.1 -p {port} -k {folder}"
        log = folder / "log"
        _run(tools[1], "-D", folder / "data", "-w", "-l", log, "-o", options, "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        finally:
            _run(tools[1], "-D", folder / "data", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _tool(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([*_FOLDERS, os.environ.get("PATH", "")]))


def _run(tool: str | None, *arguments: object) -> None:
    drop = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"]
    command = [*(drop if os.geteuid() == 0 else []), str(tool), *map(str, arguments)]
    # No pipes: the server would inherit them and keep them open.
    subprocess.run(
        command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
