"""Draws who imports whom, as the Mermaid picture of docs/design.md: `make picture` puts it there, a test compares."""

from __future__ import annotations

import ast
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.unit.test_architecture import CLI, PURE, TALKING

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "design.md"
BEGIN, END = "<!-- drawn from the code: make picture -->\n", "<!-- end of the picture -->\n"

_PROGRAM, _DECIDES, _TALKS = "program", "ecr decides", "ecr talks"
_APART = ("aws", "oci", "cli")  # packages of the domain that have a room of their own
_FOLDERS = ("components", "ecr", "local", "policies")


def main() -> int:
    """Put the picture of today's code into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{picture()}{END}{after}")
    return 0


def picture() -> str:
    """The Mermaid source in its fence: the rooms with what is in them, an arrow from each to those that it imports."""
    held, arrows = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    rooms = {name: room for name in _modules() if (room := _room(name))}
    for name, room in rooms.items():
        held[room] |= _labels(name, room)
        arrows[room] |= {rooms[other] for other in _imported(name, rooms)} - {room}
    lines = [
        "```mermaid",
        "flowchart TD",
        *(
            f'  {_id(room)}["{"<br/>".join([f"<b>{room}</b>", *_wrapped(sorted(held[room]))])}"]'
            for room in sorted(held)
        ),
        *(f"  {_id(room)} --> {_id(other)}" for room in sorted(held) for other in sorted(arrows[room])),
        "```",
    ]
    return "".join(f"{line}\n" for line in lines)


def _modules() -> Iterator[str]:
    """The names of all modules, as they are imported."""
    paths = [*ROOT.glob("*.py"), *(path for folder in _FOLDERS for path in (ROOT / folder).rglob("*.py"))]
    for path in sorted(path for path in paths if ".venv" not in path.parts):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _room(name: str) -> str | None:
    """Where a module belongs; None for the domain's own package, which says what is in it."""
    top, _, rest = name.partition(".")
    if top not in _FOLDERS:
        return _PROGRAM
    if top != "ecr":
        return name.rpartition(".")[0].replace(".", "/") or top
    if rest in PURE:
        return _DECIDES
    package = rest.partition(".")[0]
    if package in _APART:
        return f"ecr/{package}"
    return _TALKS if rest in (*TALKING, *CLI) else None


def _labels(name: str, room: str) -> set[str]:
    """What a room's box says of a module: its name, or its package in the domain; nothing of a package itself."""
    if (ROOT / name.replace(".", "/")).is_dir() or name.endswith("__main__"):
        return set()
    package, _, module = name.rpartition(".")
    if room in (_DECIDES, _TALKS) and package != "ecr":
        folder = package.removeprefix("ecr.")
        return {f"{folder}.{module}" if folder in _APART else f"{folder}/"}
    return {module}


def _imported(name: str, known: Mapping[str, str]) -> Iterator[str]:
    path = ROOT.joinpath(*name.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.walk(ast.parse(source.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name in known)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                named = {f"{module}.{alias.name}" for alias in names} & set(known)
                yield from named or {module} & set(known)


def _wrapped(words: list[str]) -> list[str]:
    return textwrap.wrap(", ".join(words), 60, break_on_hyphens=False)


def _id(room: str) -> str:
    return room.replace("/", "_").replace(" ", "_")


if __name__ == "__main__":
    sys.exit(main())
