"""What EventBridge does with an event: which patterns match it, and what an input transformer makes of it.

Matching is moto's, for objects in lists and for `$or` with the semantics that it lacks (aws/event-ruler, README: "JSON
Array Matching" and "The $or Primitive"). The transformation is written down here after the EventBridge user guide,
"Amazon EventBridge input transformation", and does nothing that is not said there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import cast

from moto.events.models import EventPattern
from moto.events.utils import EventMessageType

from ecr.notifications.messages import InputTransformer
from tests.unit.ecr.notifications.samples import Event

_OPERATORS = frozenset({"prefix", "anything-but", "numeric"})  # used here, and tried below
_PATH = re.compile(r"\$(?:\.[A-Za-z0-9_-]+)+")
_VARIABLE = re.compile(r"<([A-Za-z0-9_-]+)>")


class BadTemplateError(Exception):
    """EventBridge would refuse the target, or drop the event."""


def matches(pattern: str, event: Event) -> bool:
    """Whether a rule with this pattern sees the event."""
    parsed = json.loads(pattern)
    _check(parsed)
    return EventPattern.load(pattern).matches_event(cast("EventMessageType", _without_objects_in_lists(event)))


def _check(pattern: Mapping[str, object]) -> None:
    """A pattern's form: objects down to lists that aren't empty, and `$or` with alternatives to choose from."""
    for key, value in pattern.items():
        if key == "$or":
            assert isinstance(value, list)
            assert len(value) > 1, "with fewer than two alternatives, $or is the name of a field"
            for alternative in value:
                _check(alternative)
        elif isinstance(value, dict):
            assert value, key
            _check(value)
        else:
            assert isinstance(value, list), key
            assert value, key
            assert all(set(item) <= _OPERATORS for item in value if isinstance(item, dict)), value


def _without_objects_in_lists(value: object) -> object:
    """Each list of objects as one object whose fields are lists, which is how a rule sees it; gone when it is empty."""
    if isinstance(value, dict):
        plain = {key: _without_objects_in_lists(item) for key, item in value.items()}
        return {key: item for key, item in plain.items() if item != {}}
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        merged: dict[str, list[object]] = {}
        for path, item in (leaf for one in value for leaf in _leaves(one)):
            merged.setdefault(path, []).append(item)
        return _nested(merged)
    return value


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, path)
    else:
        yield "\n".join(path), value


def _nested(flat: Mapping[str, list[object]]) -> dict[str, object]:
    nested: dict[str, object] = {}
    for path, values in flat.items():
        *parents, last = path.split("\n")
        place = nested
        for key in parents:
            inner = place.setdefault(key, {})
            assert isinstance(inner, dict)
            place = inner
        place[last] = values
    return nested


def transform(transformer: InputTransformer, event: Event) -> str:
    """The text that is published.

    Raises:
        BadTemplateError: for a variable that the event has no value for. The guide says that it "won't appear in the
            output"; where the whole notification is lost with it, as users report, that is worse.
    """
    values = {name: _at(path, event) for name, path in transformer.paths.items()}
    published = []
    in_text = False
    position = 0
    for found in _VARIABLE.finditer(transformer.template):
        before = transformer.template[position : found.start()]
        in_text ^= len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        if found[1] not in values:
            raise BadTemplateError(f"<{found[1]}> has no path")
        published += [before, _written(values[found[1]], in_text=in_text)]
        position = found.end()
    return "".join((*published, transformer.template[position:]))


def _written(value: object, *, in_text: bool) -> str:
    if isinstance(value, dict | list):
        whole = json.dumps(value)
        # "EventBridge removes any internal quotes to ensure a valid string."
        return whole.replace('"', "") if in_text else whole
    # "EventBridge does not escape values extracted by Input Path"; it puts quotes around texts that stand alone.
    return f'"{value}"' if isinstance(value, str) and not in_text else str(value)


def _at(path: str, event: Event) -> object:
    if not _PATH.fullmatch(path):
        raise BadTemplateError(f"{path} is no path in dot notation")
    value: object = event
    for key in path.split(".")[1:]:
        if not isinstance(value, dict) or key not in value:
            raise BadTemplateError(f"{path} is not in the event")
        value = value[key]
    return value
