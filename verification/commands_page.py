# SPDX-License-Identifier: MIT
"""The reference of the command line in ``docs/commands.md``, from the help of the commands.

    python -m verification.commands_page

writes it anew into that page. What stands above its heading is written by hand and stays.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from sim.cli import app
from sim.work.files import read_text, write_whole

__all__ = ["PAGE", "main", "page", "reference"]

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"

#: Heading of the part that is generated.
HEADING = "## Reference\n"

_NOTE = "This part is the help of the commands; `python -m verification.commands_page` writes it."


def reference() -> str:
    """Return the generated part, its heading included."""
    group: Any = typer.main.get_command(app)
    options = ", ".join(f"`engram {p.opts[0]}`: {p.help}" for p in group.params)
    parts = [HEADING, f"{_NOTE}\n", f"{options}\n"]
    for name, command in group.commands.items():
        usage = " ".join(["engram", name, *(_usage(p) for p in command.params)])
        table = "\n".join(_table(command.params))
        parts += [f"### engram {name}\n", f"```\n{usage}\n```\n", f"{command.help}\n", table]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def page(text: str) -> str:
    """Return the page with its generated part made anew."""
    by_hand, _, _ = text.partition(HEADING)
    return by_hand + reference()


def main() -> None:
    """Write the page."""
    write_whole(PAGE, page(read_text(PAGE)))


def _usage(parameter: Any) -> str:
    """Return a parameter as a line of usage has it."""
    argument = parameter.param_type_name == "argument"
    words = parameter.metavar if argument else _words(parameter)
    if parameter.nargs < 0 if argument else parameter.multiple:
        words += " ..."
    return words if parameter.required else f"[{words}]"


def _words(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return parameter.metavar
    return " ".join([*parameter.opts, *([parameter.metavar] if parameter.metavar else [])])


def _table(parameters: list[Any]) -> Iterator[str]:
    """Yield the lines of the table of a command's arguments and options."""
    yield "| argument or option | meaning | default |"
    yield "|---|---|---|"
    for parameter in parameters:
        default = parameter.show_default
        if not isinstance(default, str):
            value = None if callable(parameter.default) else parameter.default  # a new list
            default = str(value) if default and value not in (None, False) else ""
        words = _words(parameter).replace("|", "\\|")
        yield f"| `{words}` | {parameter.help} | {default} |"


if __name__ == "__main__":
    main()
