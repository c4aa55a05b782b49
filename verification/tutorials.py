# SPDX-License-Identifier: MIT
"""The tutorials, followed as they stand: files are written, commands run, outputs compared.

    python -m verification.tutorials [PAGE ...] [--bin DIR] [--folder DIR]

follows pages of ``docs/tutorials`` with the programs of a virtual environment, and says where what
comes is not what the page shows. Every block of a page is one of two things:

- a file: its first line is a comment that is the file's name;
- a session (``console``): after ``$`` a command, below it what the command prints. ``...`` stands
  for what is left out. A command whose output has a message of engram ends with status 2. All
  commands of a page are typed in one shell.
"""

import argparse
import os
import re
import secrets
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from doctest import ELLIPSIS, Example, OutputChecker
from pathlib import Path

__all__ = ["FOLDER", "Command", "File", "Shell", "blocks", "follow", "main"]

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "tutorials"

_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.S | re.M)
_NAMED = re.compile(r"(?:#|//) (\S+\.\w+)\n")
_TYPED = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.M)
_CHECKOUT = re.compile(r"^\s*(?:from|import) verification\b|-m verification\b", re.M)
_CHECKER = OutputChecker()


@dataclass(frozen=True)
class File:
    """A file that the reader saves.

    Parameters
    ----------
    name : str
        Path in the reader's folder.
    text : str
    """

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command that the reader types.

    Parameters
    ----------
    line : int
        Line of the page.
    typed : str
        For a shell; it may have several lines.
    shown : str
        What the page says that it prints.
    """

    line: int
    typed: str
    shown: str

    @property
    def status(self) -> int:
        """Exit status: 2 where a message of engram is shown."""
        return 2 if re.search("^engram: ", self.shown, re.M) else 0


def blocks(text: str) -> Iterator[File | Command]:
    """Yield what a page asks of its reader, in its order.

    Raises
    ------
    ValueError
        If a block is neither a file nor a session, or takes what only a checkout has.
    """
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 2
        language, content = fence.groups()
        checkout = _CHECKOUT.search(content)
        if checkout:
            line += content.count("\n", 0, checkout.start())
            raise ValueError(f"line {line}: an installed engram has no package `verification`")
        name = _NAMED.match(content)
        if language == "console":
            yield from _session(line, content)
        elif name:
            yield File(name[1], content)
        else:
            raise ValueError(f"line {line}: a block must begin with `# NAME`, or be a session")


def _session(line: int, content: str) -> Iterator[Command]:
    """Yield the commands of a session; a line that ends in a backslash goes on in the next."""
    if not content.startswith("$ "):
        raise ValueError(f"line {line}: a session must begin with `$ `, not {content[:20]!r}")
    for found in _TYPED.finditer(content):
        yield Command(line + content.count("\n", 0, found.start()), *found.groups())


class Shell:
    """One shell, in which the commands of a page follow each other as a reader types them.

    So ``cd`` and ``export`` hold for what comes after. Used as a context, it ends with it.

    Parameters
    ----------
    folder : Path
        Where it begins.
    environment : dict of str
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._mark = f"end of a command {secrets.token_hex(8)}"

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def printed(self, typed: str) -> tuple[int, str]:
        """Run what is typed; return its exit status, and all that it prints."""
        sent, came = self._process.stdin, self._process.stdout
        assert sent is not None
        assert came is not None
        # Commands must not read those that come after them.
        sent.write(f"eval {shlex.quote(typed)} < /dev/null 2>&1\n")
        sent.write(f"printf '\\n{self._mark} %d\\n' $?\n")
        sent.flush()
        lines = []
        for line in came:
            if line.startswith(self._mark):
                return int(line.split()[-1]), "".join(lines).removesuffix("\n")
            lines.append(line)
        return self._process.wait(), "".join(lines)  # the command ended the shell


def follow(text: str, folder: Path, programs: Path | None = None) -> Iterator[str]:
    """Follow a page in a folder; yield each place where it is wrong.

    Parameters
    ----------
    text : str
        Content of the page.
    folder : Path
        The reader's folder, which is empty.
    programs : Path, optional
        The folder ``bin`` of the virtual environment that has engram. By default commands run with
        this Python and take engram from this checkout.

    Yields
    ------
    str
        Line and command; its status if that is wrong; what is shown and what came, if they differ.
    """
    environment = os.environ | {"COLUMNS": "80"}
    if programs is None:
        programs = Path(sysconfig.get_path("scripts"))
        environment["PYTHONPATH"] = str(ROOT)
    else:
        environment.pop("PYTHONPATH", None)
    environment["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
    with Shell(folder, environment) as shell:
        for block in blocks(text):
            if isinstance(block, File):
                (folder / block.name).parent.mkdir(parents=True, exist_ok=True)
                (folder / block.name).write_text(block.text)
                continue
            status, came = shell.printed(block.typed)
            came = "".join(f"{part.rstrip()}\n" for part in came.splitlines())
            place = f"line {block.line}: {block.typed}"
            if status != block.status:
                yield f"{place}\nended with status {status}, not {block.status}:\n{came}"
                return  # what follows builds on it
            if not _CHECKER.check_output(block.shown, came, ELLIPSIS):
                example = Example(block.typed, block.shown)
                yield f"{place}\n{_CHECKER.output_difference(example, came, ELLIPSIS)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Follow pages, and print where they are wrong; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="names, all by default")
    parser.add_argument("--bin", type=Path, help="folder bin of a virtual environment with engram")
    parser.add_argument("--folder", type=Path, help="new folder to work in, which stays")
    given = parser.parse_args(arguments)
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name in given.pages or sorted(page.stem for page in FOLDER.glob("*.md")):
            folder = (given.folder or Path(temporary)) / name
            folder.mkdir(parents=True)
            text = (FOLDER / f"{name}.md").read_text()
            programs = given.bin and given.bin.absolute()
            for place in follow(text, folder.absolute(), programs):
                sys.stdout.write(f"{name}.md, {place}\n")
                wrong += 1
    sys.stdout.write(f"{wrong} places are wrong\n")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
