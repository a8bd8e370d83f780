"""Reads what a stack is configured with, by its own file, `Pulumi.STACK.yaml`, and the project's, without Pulumi.

Source: pulumi/pulumi, sdk/go/common/workspace: config.go, `mergeConfig`, `parseConfigKey` (the project's values where
the stack has none); project.go, `RewriteShorthandConfigValues`, `RewriteConfigPathIntoStackConfigDir`,
`stackConfigNamespacedWithProject` (keys without a namespace are the project's); paths.go, `ProjectStackPath`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from ecr import stack_name
from ecr.errors import InputError

PROJECT_FILE = "Pulumi.yaml"
NAMESPACE = "container-registry"  # of the keys that the program reads

_NO_STACK_FILE = "is no stack file; accepted: a mapping with `config`, and keys and values in that"

# Of a stack file, which has some dozens.
_MAX_NODES = 100_000

# `<<` and `=`, for which PyYAML has no constructor (YAML 1.1, "Merge Key Language-Independent Type", "Value ...").
_MERGE = "tag:yaml.org,2002:merge"
_SPECIAL_KEYS = (_MERGE, "tag:yaml.org,2002:value")


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the engine's reading of YAML (seen with 3.256.0).

    `yes` is text, as in YAML 1.2; an unquoted date is text too, but in the form that Go prints times in; a key that
    stands twice is a mistake. Keys of a merged mapping (`<<: *base`) give way to the node's own.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._flat: set[yaml.MappingNode] = set()

    def get_single_node(self) -> yaml.Node | None:
        """As the base class; refused is what holds itself, or is far larger with its aliases (`*base`) written out."""
        node = super().get_single_node()
        if node is not None and _written_out(node, {}, set()) > _MAX_NODES:
            problem = f"with its aliases written out, it holds more than {_MAX_NODES} values"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return node

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


def _written_out(node: yaml.Node, sizes: dict[int, int], above: set[int]) -> int:
    """How many nodes a node is with its aliases written out; what is merged counts once, as pairs are merged once."""
    if id(node) in above:
        raise yaml.constructor.ConstructorError(None, None, "an alias stands for what it is a part of", node.start_mark)
    if id(node) not in sizes:
        above.add(id(node))
        written = [(merged, _written_out(part, sizes, above)) for merged, part in _parts(node)]
        sizes[id(node)] = 1 + sum(1 if merged else size for merged, size in written)
        above.remove(id(node))
    return sizes[id(node)]


def _parts(node: yaml.Node) -> Iterator[tuple[bool, yaml.Node]]:
    """Whether it is merged into the node, and each node right below it."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield False, key
            yield key.tag == _MERGE, value
    elif isinstance(node, yaml.SequenceNode):
        yield from ((False, value) for value in node.value)


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


def path(project: Path, stack: str) -> Path:
    """Where a stack's file is looked for: in the project's folder, or in the one that Pulumi.yaml names.

    Raises:
        InputError: Pulumi.yaml can't be understood, or names a folder that is none.
    """
    return _project(project).folder / stack_name.file_of(stack)


def read(project: Path, stack: str) -> Mapping[str, object]:
    """What a stack is configured with, by its file and, where that has nothing, by the project's: whole key -> value.

    Args:
        project: the project's folder.
        stack: the stack's name, also as `ORGANIZATION/STACK` or `ORGANIZATION/PROJECT/STACK`.

    Raises:
        InputError: no such file, or it is not a stack file; or Pulumi.yaml can't be understood.
    """
    found = _project(project)
    content, name = _content(found, stack)
    config = _config(content.get("config"), name)
    given = {_whole_key(found.name, str(key), name): value for key, value in config.items()}
    if len(given) != len(config):
        raise InputError(name, "has a key twice, in two ways of writing it; keep one")
    return {**found.config, **given}


def environments(project: Path, stack: str) -> bool:
    """Whether a stack takes configuration from Pulumi ESC, too, which no file shows. Arguments and errors as `read`."""
    content, _ = _content(_project(project), stack)
    return bool(content.get("environment") or content.get("mainEnvironment"))


def is_encrypted(value: object) -> bool:
    """Whether a value of the configuration is encrypted, or anything in it is: `{secure: ...}` in the file."""
    if isinstance(value, dict):
        return set(value) == {"secure"} or any(map(is_encrypted, value.values()))
    return isinstance(value, list) and any(map(is_encrypted, value))


def known(project: Path) -> list[str]:
    """The names of the stacks that have a file, sorted.

    Raises:
        InputError: Pulumi.yaml can't be understood, or names a folder for them that is none.
    """
    return _stacks(_project(project).folder)


def _stacks(folder: Path) -> list[str]:
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in folder.glob("Pulumi.*.yaml"))


@dataclass(frozen=True)
class _Project:
    """What Pulumi.yaml says.

    Attributes:
        folder: that the stack files are in.
        place: the same, as it stands before their names in messages.
        name: the project's.
        config: what a stack is configured with where it says nothing: whole key -> value.
    """

    folder: Path
    place: str = ""
    name: str = NAMESPACE
    config: Mapping[str, object] = field(default_factory=dict)


def _project(project: Path) -> _Project:
    if not (project / PROJECT_FILE).is_file():
        return _Project(project)
    content = _read(project / PROJECT_FILE, PROJECT_FILE)
    if not isinstance(content, dict) or not isinstance(name := content.get("name"), str):
        raise InputError(PROJECT_FILE, "is no project file; accepted: a mapping with a `name`")
    place, config = content.get("stackConfigDir"), content.get("config")
    if isinstance(config, str):  # what the key was for once
        if place is not None:
            raise InputError(PROJECT_FILE, "names a folder under `config` and under `stackConfigDir`; keep the latter")
        place, config = config, None
    values = _config(config, PROJECT_FILE)
    defaults = {_whole_key(name, str(key), PROJECT_FILE): _default(str(key), value) for key, value in values.items()}
    config = {key: value for key, value in defaults.items() if value is not None}
    return _Project(_folder(project, place), f"{place}/" if place else "", name, config)


def _folder(project: Path, place: object) -> Path:
    if place is None or place == "":
        return project
    rule = "accepted: a folder that is there, by its path from the project's"
    if not isinstance(place, str) or not place.isprintable() or Path(place).is_absolute():
        raise InputError(PROJECT_FILE, f"stackConfigDir is {place!r}; {rule}")
    if not (project / place).is_dir():
        raise InputError(PROJECT_FILE, f"stackConfigDir is {place!r}, and there is no such folder; {rule}")
    return project / place


def _default(key: str, value: object) -> object:
    """What the project has for a key; None for nothing."""
    if not isinstance(value, dict):
        return value
    if value.get("default") is not None and value.get("value") is not None:
        raise InputError(PROJECT_FILE, f"config {key} has a `default` and a `value`; keep one")
    found = value.get("value") if value.get("default") is None else value.get("default")
    if found is not None and re.search(r"[.\[\"]", key.rpartition(":")[2]):
        # The engine takes it as a path, and puts the value into what the stack itself has there.
        raise InputError(PROJECT_FILE, f"config {key} is part of a key; give the whole key a value")
    return found


def _whole_key(project: str, key: str, file: str) -> str:
    """A key with its namespace; `aws:config:region` is an old form of `aws:region`."""
    parts = key.split(":")
    if len(parts) == 1:
        return f"{project}:{key}"
    if len(parts) == 3 and parts[1] == "config":  # noqa: PLR2004 - pulumi/pulumi, config/key.go, ParseKey
        return f"{parts[0]}:{parts[2]}"
    if len(parts) != 2:  # noqa: PLR2004
        raise InputError(file, f"config {key} is no key; accepted: NAMESPACE:NAME")
    return key


def _content(project: _Project, stack: str) -> tuple[Mapping[str, object], str]:
    """What stands in a stack's file, and the file's name for messages."""
    file = stack_name.file_of(stack)
    name = f"{project.place}{file}"
    try:
        content = _read(project.folder / file, name)
    except FileNotFoundError:
        stacks = ", ".join(_stacks(project.folder)) or "none"
        raise InputError(name, f"there is no such file in {project.folder}; stacks with a file: {stacks}") from None
    if content is None:
        return {}, name
    if not isinstance(content, dict):
        raise InputError(name, _NO_STACK_FILE)
    return content, name


def _config(config: object, name: str) -> Mapping[object, object]:
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise InputError(name, _NO_STACK_FILE if name != PROJECT_FILE else "has a `config` that is no mapping")
    return config


def _read(path: Path, name: str) -> object:
    """What stands in a file. A missing one is a `FileNotFoundError`; whatever else fails is an `InputError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        # A SafeLoader makes plain values only.
        content: object = yaml.load(text, Loader=Loader)  # noqa: S506
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        # An OSError's own text holds the whole path once more.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(name, f"can't be read: {reason}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(name, f"is not valid YAML: {' '.join(str(error).split())}") from error
    return content
