# SPDX-License-Identifier: MIT
"""The house in numbers: wings of `sim/`, the floors they stand on, and the imports between them.

    python -m verification.house [ROOT]

prints, for this checkout or the one at ROOT, a table of all that lies directly under `sim/` (a wing
is a folder, or a module of its own), and a summary. It reads imports as text; nothing is run.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rich.console import Console
from rich.table import Table

__all__ = ["FLOORS", "House", "imported_names"]

ROOT = Path(__file__).parents[1]

#: The wings of `sim/` from the ground up; a wing imports only wings on lower floors.
FLOORS = (
    ("work",),
    ("documents", "measure", "report"),
    ("data", "learn"),
    ("replay", "cost", "exchange"),
    ("study", "hardware"),
    ("compare", "pictures", "explore", "images"),
    ("commands",),
    ("cli",),
)


@dataclass(frozen=True)
class House:
    """The imports of the modules below a folder `sim/`.

    Parameters
    ----------
    root : Path
        Folder of the checkout.
    """

    root: Path

    @cached_property
    def modules(self) -> dict[str, Path]:
        """Files of the modules below `sim`, by their dotted names."""
        return {
            ".".join(path.relative_to(self.root).with_suffix("").parts).removesuffix(
                ".__init__"
            ): path
            for path in sorted((self.root / "sim").rglob("*.py"))
        }

    @cached_property
    def wings(self) -> dict[str, int]:
        """Lines of every wing, by its name."""
        lines: dict[str, int] = {}
        for name, path in self.modules.items():
            if wing := wing_of(name):
                lines[wing] = lines.get(wing, 0) + path.read_text().count("\n")
        return lines

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """Modules of `sim` that each module imports, by file."""
        found: dict[str, set[str]] = {}
        for name, path in self.modules.items():
            targets = (self._module(target) for target in imported_names(path.read_text()))
            found[name] = {target for target in targets if target and target != name}
        return found

    @cached_property
    def arrows(self) -> set[tuple[str, str]]:
        """Pairs of wings of which the first imports the second."""
        wings = ((wing_of(a), wing_of(b)) for a in self.imports for b in self.imports[a])
        return {(a, b) for a, b in wings if a and b and a != b}

    @cached_property
    def circles(self) -> list[list[str]]:
        """Groups of wings that import each other in a loop."""
        return _circles({wing: {b for a, b in self.arrows if a == wing} for wing in self.wings})

    @cached_property
    def file_circles(self) -> list[list[str]]:
        """Groups of modules that import each other in a loop."""
        return _circles(self.imports)

    @cached_property
    def floors(self) -> dict[str, int]:
        """Floor of every wing, from 1: above all that it imports; a circle shares a floor."""
        circle = {wing: tuple(group) for group in self.circles for wing in group}
        group_of = {wing: circle.get(wing, (wing,)) for wing in self.wings}
        found: dict[tuple[str, ...], int] = {}

        def floor(group: tuple[str, ...]) -> int:
            if group not in found:
                below = {group_of[b] for a, b in self.arrows if a in group} - {group}
                found[group] = 1 + max(map(floor, below), default=0)
            return found[group]

        return {wing: floor(group) for wing, group in group_of.items()}

    @property
    def back_up(self) -> int:
        """Imports between wings of one circle: at least one of each circle runs back up."""
        circle = {wing: i for i, group in enumerate(self.circles) for wing in group}
        return sum(a in circle and circle[a] == circle.get(b) for a, b in self.arrows)

    @cached_property
    def longest_functions(self) -> list[tuple[int, str]]:
        """Lines and names of the functions of `golden`, `rtl` and `sim`, the longest first."""
        found = []
        for layer in ("golden", "rtl", "sim"):
            for path in (self.root / layer).rglob("*.py"):
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.FunctionDef):
                        lines = (node.end_lineno or node.lineno) - node.lineno + 1
                        place = path.relative_to(self.root).as_posix()
                        found.append((lines, f"{place}:{node.name}"))
        return sorted(found, reverse=True)

    def _module(self, name: str) -> str | None:
        """Return the module of `sim` that an imported name is, or is defined in."""
        while name and name not in self.modules:
            name = name.rpartition(".")[0]
        return name or None


def imported_names(source: str) -> Iterator[str]:
    """Yield the dotted names that a source imports, the names of `from` imports behind theirs."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wing_of(module: str) -> str:
    """Return the wing of a module of `sim`; nothing of `sim` itself."""
    parts = module.split(".")
    return parts[1] if parts[0] == "sim" and len(parts) > 1 else ""


def _circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of two or more that reach each other."""
    reached: dict[str, set[str]] = {}
    for start in arrows:
        seen, new = set(), [start]
        while new:
            for target in arrows.get(new.pop(), set()) - seen:
                seen.add(target)
                new.append(target)
        reached[start] = seen
    groups = {
        tuple(sorted(b for b in arrows if b in reached[a] and a in reached[b]))
        for a in arrows
        if a in reached[a]
    }
    return [list(group) for group in sorted(groups) if len(group) > 1]


def main() -> None:
    """Print the table and the summary."""
    house = House(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    console = Console()
    table = Table("floor", "wing", "lines", "imports")
    for wing, floor in sorted(house.floors.items(), key=lambda pair: (pair[1], pair[0])):
        below = sorted(b for a, b in house.arrows if a == wing)
        table.add_row(str(floor), wing, str(house.wings[wing]), " ".join(below))
    console.print(table)
    lengths = [lines for lines, _ in house.longest_functions]
    readme = (house.root / "README.md").read_text().count("\n")
    for what, value in {
        "wings": len(house.wings),
        "floors": max(house.floors.values()),
        "lines of sim/": sum(house.wings.values()),
        "imports between wings": len(house.arrows),
        "imports inside circles of wings": house.back_up,
        "circles of wings": len(house.circles),
        "circles of files": len(house.file_circles),
        "functions over 75 lines": sum(lines > 75 for lines in lengths),
        "lines of README": readme,
    }.items():
        console.print(f"{what}: {value}", highlight=False)
    for lines, name in house.longest_functions[:5]:
        console.print(f"{lines} lines: {name}", highlight=False)


if __name__ == "__main__":
    main()
