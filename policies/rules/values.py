"""Properties of resources as rules see them, and what rules say about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeGuard


class Unknown(Enum):
    """In a preview: a value that is only known once something else has been created."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN

Value = None | bool | float | str | Unknown | Sequence["Value"] | Mapping[str, "Value"]
Settings = Mapping[str, Value]
Schema = dict[str, dict[str, Value]]  # of a policy's settings: name, and JSON schema of the value
MAX_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a stack.

    Attributes:
        type: its type token, such as `aws:ecr/repository:Repository`.
        name: its name in the program.
        urn: its name in the state.
        properties: its inputs, or in a stack policy its outputs; keys are Pulumi's, in camelCase.
        depends: property by property, the URNs of the resources that its value is made of.
    """

    type: str
    name: str
    properties: Mapping[str, Value]
    urn: str = ""
    depends: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Violation:
    """What is wrong, where, and what to do; `str()` is one line."""

    where: str
    problem: str
    remedy: str
    urn: str = ""  # of the resource, where it is not the one that was asked about

    def __str__(self) -> str:
        return printable(f"{self.where} {self.problem}: {self.remedy}")


@dataclass(frozen=True)
class Undecided:
    """A value that has to be known first: told in the preview, and asked again when it is known, before it is used."""

    where: str


Verdict = Violation | Undecided


def printable(text: str) -> str:
    """A text on one line, without control characters: keys and names come from anybody's program."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def at(properties: Value, *keys: str) -> Value:
    """The value under the keys; None where nothing is, `UNKNOWN` where that can't be told yet."""
    value = properties
    for key in keys:
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    """Whether it is a list; a text is none."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def items(value: Value) -> Sequence[Value]:
    """The elements of a list; of anything else, that itself as the only one; nothing of None."""
    if value is None:
        return ()
    return value if is_list(value) else (value,)


def shown(value: Value) -> str:
    """A value for a message: short, on one line, without control characters."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def walk(value: Value, where: str = "") -> Iterator[tuple[str, str, Value]]:
    """Every value under a mapping's key, at any depth: where, the key, the value."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            path = f"{where}.{key}" if where else key
            yield path, key, below
            yield from walk(below, path)
    elif is_list(value):
        for index, below in enumerate(value):
            yield from walk(below, f"{where}[{index}]")
