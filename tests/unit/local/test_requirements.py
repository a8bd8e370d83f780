"""What is imported is named in requirements.in: a package that comes with another may leave with it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from local.layout import default_checkout

ROOT = default_checkout()
DISTRIBUTIONS = packages_distributions()
FILES = sorted(
    [
        *ROOT.glob("*.py"),
        *(path for folder in ("components", "ecr", "local") for path in (ROOT / folder).rglob("*.py")),
    ]
)
OURS = {path.stem for path in ROOT.glob("*.py")} | {"components", "ecr", "local", "policies"}


def normal(name: str) -> str:
    """A distribution's name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named() -> set[str]:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    return {normal(line.strip()) for line in lines if line.strip() and not line.startswith("#")}


def imports(node: ast.AST) -> Iterator[str]:
    """The modules that are imported when the program runs: not those that only a type checker reads."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        for other in node.orelse:
            yield from imports(other)
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        yield node.module
    for child in ast.iter_child_nodes(node):
        yield from imports(child)


def third_party(path: Path) -> set[str]:
    tops = {module.partition(".")[0] for module in imports(ast.parse(path.read_text()))}
    return tops - OURS - sys.stdlib_module_names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_imported_is_named(path: Path) -> None:
    missing = {
        module for module in third_party(path) if not {normal(name) for name in DISTRIBUTIONS.get(module, [])} & named()
    }
    assert not missing


def test_what_is_named_is_imported() -> None:
    used = {normal(name) for path in FILES for top in third_party(path) for name in DISTRIBUTIONS.get(top, [])}
    assert named() <= used


def test_an_import_for_types_does_not_count() -> None:
    source = "if TYPE_CHECKING:\n    import a.b\nelse:\n    import c\ndef f():\n    from d.e import g\n"
    assert {module.partition(".")[0] for module in imports(ast.parse(source))} == {"c", "d"}
