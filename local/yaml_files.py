"""YAML as the engine reads it: see `ecr.stack_file.Loader`."""

from __future__ import annotations

from pathlib import Path

import yaml

from ecr.stack_file import Loader
from local.errors import BadInput


class WordLoader(Loader):
    """For a value on a command line, where a date is a word, as it is for `pulumi config set`."""

    def construct_word(self, node: yaml.ScalarNode) -> str:
        """The text as it stands."""
        return str(self.construct_scalar(node))


WordLoader.add_constructor("tag:yaml.org,2002:timestamp", WordLoader.construct_word)


def parse(text: str, source: str, loader: type[Loader] = Loader) -> object:
    """The value that `text` holds.

    Raises:
        BadInput: not YAML; names `source`.
    """
    try:
        # Loader is a SafeLoader: it makes plain values only.
        return yaml.load(text, Loader=loader)  # noqa: S506
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
