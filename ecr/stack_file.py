"""Reads what a stack's own file, `Pulumi.STACK.yaml`, says, without running Pulumi."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import yaml

from ecr.errors import InputError

PROJECT_FILE = "Pulumi.yaml"
NAMESPACE = "container-registry"  # of the keys that the program reads

# `<<` and `=`, for which PyYAML has no constructor (YAML 1.1, "Merge Key Language-Independent Type", "Value ...").
_SPECIAL_KEYS = ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the engine's reading of YAML (seen with 3.256.0).

    `yes` is text, as in YAML 1.2; an unquoted date is text too, but in the form that Go prints times in; a key that
    stands twice is a mistake. Keys of a merged mapping (`<<: *base`) give way to the node's own.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._flat: set[yaml.MappingNode] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """As the base class, which writes out `<<: *base`; before that, a key that stands twice is refused."""
        if node in self._flat:
            return
        self._flat.add(node)
        self._refuse_doubled(node)
        super().flatten_mapping(node)
        # A pair merged on two ways counts once, the last: or else each line could double the pairs of the one before.
        pairs = {id(key): (key, value) for key, value in reversed(node.value)}
        node.value = list(pairs.values())[::-1]

    def _refuse_doubled(self, node: yaml.MappingNode) -> None:
        seen = set()
        for key_node, _ in node.value:
            special = key_node.tag in _SPECIAL_KEYS
            key = key_node.value if special else self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # the base class refuses it
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", node.start_mark)
            seen.add(key)

    def construct_time(self, node: yaml.ScalarNode) -> str:
        """A date or time as Go prints it: `2027-01-31 00:00:00 +0000 UTC`."""
        found = self.construct_yaml_timestamp(node)
        at = found if isinstance(found, datetime) else datetime(found.year, found.month, found.day, tzinfo=UTC)
        return f"{at:%Y-%m-%d %H:%M:%S} +0000 UTC"


Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":bool")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_time)


def find_project(start: Path) -> Path:
    """The folder of the Pulumi project that `start` lies in: the nearest one upwards with a Pulumi.yaml.

    Raises:
        InputError: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise InputError(str(start), f"is in no Pulumi project; run the command in the folder that holds {PROJECT_FILE}")


def read(project: Path, stack: str) -> Mapping[str, object]:
    """What stands under `config` in a stack's file: key with its namespace -> value.

    Args:
        project: the project's folder.
        stack: the stack's name, also as `ORGANIZATION/STACK` or `ORGANIZATION/PROJECT/STACK`.

    Raises:
        InputError: no such file, or it is not a stack file.
    """
    name = f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    try:
        content = _parse((project / name).read_text(encoding="utf-8"), name)
    except FileNotFoundError:
        stacks = ", ".join(known(project)) or "none"
        raise InputError(name, f"there is no such file in {project}; stacks with a file: {stacks}") from None
    except (OSError, UnicodeDecodeError) as error:
        # An OSError's own text holds the whole path once more.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(name, f"can't be read: {reason}") from error
    config = content.get("config") if isinstance(content, dict) else content
    if not isinstance(config, dict | None):
        raise InputError(name, "is no stack file; accepted: a mapping with `config`, and keys and values in that")
    return {str(key): value for key, value in (config or {}).items()}


def _parse(text: str, name: str) -> object:
    try:
        # A SafeLoader makes plain values only.
        content: object = yaml.load(text, Loader=Loader)  # noqa: S506
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(name, f"is not valid YAML: {' '.join(str(error).split())}") from error
    return content


def known(project: Path) -> list[str]:
    """The names of the stacks that have a file in the project's folder, sorted."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in project.glob("Pulumi.*.yaml"))
