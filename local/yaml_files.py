"""YAML as the engine reads it (1.2): `on`, `yes` and `2026-01-01` are strings, as they are in a stack file."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from local.errors import BadInput


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader without the YAML 1.1 readings that the engine does not share."""


Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("bool", "timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def parse(text: str, source: str) -> object:
    """The value that `text` holds.

    Raises:
        BadInput: not YAML; names `source`.
    """
    try:
        # Loader is a SafeLoader: it makes plain values only.
        return yaml.load(text, Loader=Loader)  # noqa: S506
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise BadInput(f"{source}: not valid YAML: {problem}") from None


def read_mapping(path: Path) -> dict[str, object]:
    """The mapping that a YAML file holds; an empty file holds an empty one.

    Raises:
        BadInput: the file is missing, not YAML, or holds something else.
    """
    try:
        content = parse(path.read_text(), path.name)
    except FileNotFoundError:
        raise BadInput(f"{path.name}: no such file in {path.parent}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise BadInput(f"{path.name}: holds a {type(content).__name__}; expected keys and values")
    return {str(key): value for key, value in content.items()}


def write(path: Path, content: dict[str, object]) -> None:
    """Write `content`, whole or not at all, and only when it differs from what is there."""
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    if path.exists() and path.read_text() == text:
        return
    draft = path.with_suffix(".tmp")
    draft.write_text(text)
    draft.replace(path)
