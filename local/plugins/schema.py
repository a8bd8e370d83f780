"""What a resource type accepts, checked before anything changes, and how two versions of it differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from local.plugins.values import UNKNOWN, Plain, Props, contains_unknown

NOT_IMPLEMENTED = "is not implemented by the stand-in; install the official plugin"


class Kind(Enum):
    """The shapes of property that the stand-ins know."""

    TEXT = "a string"
    BOOL = "true or false"
    INT = "a whole number"
    JSON = "a JSON document"
    TEXTS = "a map of strings"
    LIST = "a list of strings"
    OBJECT = "an object"
    OBJECTS = "a list of objects"


def _same(value: Plain) -> Plain:
    return value


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input property. `cloud_decides`: leaving it out keeps what the cloud has, as the official plugin does."""

    kind: Kind
    api: str = ""  # its key in the API's requests and descriptions, for the types that are tables (aws_api.py)
    required: bool = False
    replaces: bool = False
    cloud_decides: bool = False
    unwatched: bool = False  # never a difference, such as a password that is new on every run
    unordered: bool = False  # a list that is a set: no difference when only the order differs
    secret: bool = False  # never shown in a message, whatever the program thinks of it
    choices: tuple[str, ...] = ()
    default: Plain = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    normal: Callable[[Plain], Plain] = _same  # applied to text, or parsed JSON, before two of them are compared


@dataclass(frozen=True)
class Problem:
    """Why a property is refused; `path` is the way to it from the resource."""

    path: str
    reason: str


@dataclass(frozen=True)
class Change:
    """One property that differs: its path, the two values, and whether it takes a new resource."""

    path: str
    old: Plain
    new: Plain
    replaces: bool
    secret: bool = False  # neither value may be shown

    @property
    def top(self) -> str:
        """The name of the resource's own property that the path starts with."""
        return self.path.split(".")[0].split("[")[0]


def check_fields(fields: Mapping[str, Field], given: Props, prefix: str = "") -> tuple[Props, list[Problem]]:
    """The inputs with defaults filled in, and every problem found, each with the path of its property."""
    checked: Props = {}
    problems = [Problem(prefix + key, f"{prefix}{key} {NOT_IMPLEMENTED}") for key in given if key not in fields]
    for key, spec in fields.items():
        value = given.get(key)
        if value is None:
            value = spec.default
        if value is None:
            if spec.required:
                problems.append(Problem(prefix + key, f"{prefix}{key} is required"))
            continue
        checked[key], found = _check_one(spec, value, prefix + key)
        problems += found
    return checked, problems


def _check_one(spec: Field, value: Plain, path: str) -> tuple[Plain, list[Problem]]:
    wrong = [Problem(path, f"{path} must be {spec.kind.value}")]
    if value is UNKNOWN:
        return value, []
    if spec.kind is Kind.OBJECT:
        return check_fields(spec.fields, value, path + ".") if isinstance(value, dict) else (value, wrong)
    if spec.kind is Kind.OBJECTS:
        return _check_list(spec, value, path) if isinstance(value, list) else (value, wrong)
    if spec.kind is Kind.JSON:
        return _check_json(value, path)
    if _fits(spec.kind, value) and spec.choices and value not in spec.choices:
        return value, [Problem(path, f"{path} is {value!r}; accepted: {', '.join(spec.choices)}")]
    return value, [] if _fits(spec.kind, value) else wrong


def _fits(kind: Kind, value: Plain) -> bool:
    if kind is Kind.TEXTS:
        return isinstance(value, dict) and all(
            item is None or item is UNKNOWN or isinstance(item, str) for item in value.values()
        )
    if kind is Kind.LIST:
        return isinstance(value, list) and all(item is UNKNOWN or isinstance(item, str) for item in value)
    if kind is Kind.INT:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, bool if kind is Kind.BOOL else str)


def _check_list(spec: Field, values: list[Plain], path: str) -> tuple[Plain, list[Problem]]:
    checked: list[Plain] = []
    problems: list[Problem] = []
    for at, value in enumerate(values):
        item, found = _check_one(Field(kind=Kind.OBJECT, fields=spec.fields), value, f"{path}[{at}]")
        checked.append(item)
        problems += found
    return checked, problems


def _check_json(value: Plain, path: str) -> tuple[Plain, list[Problem]]:
    """Text is kept as it was written; an object (typed policy arguments) becomes JSON text, as it does officially."""
    if isinstance(value, dict):
        return (UNKNOWN if contains_unknown(value) else json.dumps(value)), []
    try:
        json.loads(value if isinstance(value, str) else "")
    except ValueError as exc:
        return value, [Problem(path, f"{path} is not a JSON document: {exc}")]
    return value, []


def changes(
    fields: Mapping[str, Field], old: Props, new: Props, prefix: str = "", *, replaces: bool = False
) -> Iterator[Change]:
    """Every difference between what is and what is wanted, innermost paths first known; nothing for equal ones."""
    for key, spec in fields.items():
        before, after = old.get(key), new.get(key)
        if not (spec.unwatched or (after is None and spec.cloud_decides)):
            yield from _compare(spec, before, after, prefix + key, replaces=replaces or spec.replaces)


def _compare(spec: Field, old: Plain, new: Plain, path: str, *, replaces: bool) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict) and spec.kind is Kind.OBJECT:
        yield from changes(spec.fields, old, new, path + ".", replaces=replaces)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and not _as_sets(spec, old, new):
        item = Field(kind=Kind.OBJECT, fields=spec.fields)
        for at, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _compare(item, before, after, f"{path}[{at}]", replaces=replaces)
    elif isinstance(old, dict) and isinstance(new, dict) and spec.kind is Kind.TEXTS:
        for key in sorted(old.keys() | new.keys()):
            yield from _compare(Field(kind=Kind.TEXT), old.get(key), new.get(key), path + _step(key), replaces=replaces)
    elif contains_unknown(new) or normal_form(spec, old) != normal_form(spec, new):
        yield Change(path, old, new, replaces, spec.secret)


def _as_sets(spec: Field, old: list[Plain], new: list[Plain]) -> bool:
    """Whether both lists are sets of the same items; a set that differs is compared item by item all the same."""
    return spec.unordered and not contains_unknown(new) and normal_form(spec, old) == normal_form(spec, new)


def _step(key: str) -> str:
    """A map key as a step of a property path; the engine's syntax quotes whatever is not an identifier."""
    return f".{key}" if key.replace("_", "a").isalnum() else f"[{json.dumps(key)}]"


def normal_form(spec: Field, value: Plain) -> Plain:
    """The value as it counts in comparisons: absent, false and empty are one, as in the official plugins' schemas."""
    if isinstance(value, str) and spec.kind in (Kind.JSON, Kind.TEXT) and value:
        return spec.normal(_parsed(value) if spec.kind is Kind.JSON else value)
    if isinstance(value, dict):
        inner = {key: normal_form(spec.fields.get(key, _ANY), item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item is not None} or None
    if isinstance(value, list):
        items = [normal_form(Field(kind=Kind.OBJECT, fields=spec.fields), item) for item in value]
        return (sorted(items, key=_in_json) if spec.unordered else items) or None
    return None if value is False or value == "" else value


_ANY = Field(kind=Kind.TEXT)


def _in_json(value: Plain) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _parsed(text: str) -> Plain:
    try:
        document: Plain = json.loads(text)
    except ValueError:
        return text
    return document
