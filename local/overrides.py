"""`-c KEY=VALUE`: one stack setting, other than the stack file has it, for one run."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local import yaml_files
from local.errors import BadInput

KEY = re.compile(r"(?:(?P<namespace>[A-Za-z][\w-]*):)?(?P<path>[A-Za-z][\w-]*(?:\.[\w-]+)*)")
EXAMPLE = "-c build.tag=v2"


@dataclass(frozen=True)
class Override:
    """One setting: the stack file's key, the path inside its value, and the value. None takes the setting away."""

    key: str
    path: tuple[str, ...]
    value: object


def parse(text: str, project: str) -> Override:
    """An override from `KEY=VALUE`.

    KEY is a key of the project with a dotted path inside (`build.tag`), or one with its namespace (`aws:region`).
    VALUE is YAML; an empty one takes the setting out.

    Raises:
        BadInput: no `=`, a malformed key, or a value that is not YAML.
    """
    key, equals, value = text.partition("=")
    match = KEY.fullmatch(key.strip())
    if not equals or not match:
        problem = "expected KEY=VALUE" if not equals else f"{key.strip()!r} is not a key"
        raise BadInput(f"-c {text}: {problem}, such as `{EXAMPLE}` or `-c aws:region=eu-west-1`")
    first, *rest = match["path"].split(".")
    return Override(
        f"{match['namespace'] or project}:{first}",
        tuple(rest),
        yaml_files.parse(value, f"-c {text}", yaml_files.WordLoader),
    )


def apply(config: Mapping[str, object], overrides: Sequence[Override]) -> dict[str, object]:
    """The stack's configuration with the overrides in it; `config` itself stays as it is.

    Raises:
        BadInput: a path leads through something that is not an object.
    """
    result = copy.deepcopy(dict(config))
    for override in overrides:
        holder, steps = result, (override.key, *override.path)
        for depth, name in enumerate(steps[:-1]):
            inner = holder.get(name)
            if inner is None:
                inner = holder[name] = {}
            if not isinstance(inner, dict):
                where = ".".join(steps[: depth + 1])
                raise BadInput(
                    f"-c {'.'.join(steps)}: {where} is {inner!r}, which has no keys inside; set it as a whole"
                )
            holder = inner
        if override.value is None:
            holder.pop(steps[-1], None)
        else:
            holder[steps[-1]] = override.value
    return result
