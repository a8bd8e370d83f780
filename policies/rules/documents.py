"""Properties that hold JSON: policy documents, container definitions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .values import Value, is_list, shown


class UnreadableError(ValueError):
    """What is wrong with a document, and what to do. Its text is not repeated: it may hold secrets."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def parsed(value: Value, *, caseless: bool = False) -> Value:
    """What a property's JSON says; anything but a text as it is.

    A key that is written twice is refused, since most readers take the last one and pass over what the first says
    (RFC 8259, section 4); with `caseless` also one that only differs in case.

    Raises:
        UnreadableError: it is not JSON, or has a key twice.
    """
    content = _loaded(value) if isinstance(value, str) else value
    if caseless:
        _check_all_keys(content)
    return content


def _loaded(text: str) -> Value:
    try:
        content: Value = json.loads(text, object_pairs_hook=once)
    except UnreadableError:
        raise
    except (ValueError, RecursionError):
        raise UnreadableError("is not JSON", "write it as JSON") from None
    return content


def once(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    """For `object_pairs_hook` of `json`.

    Raises:
        UnreadableError: a key is there twice.
    """
    _check_keys(key for key, _ in pairs)
    return dict(pairs)


def _check_all_keys(content: Value) -> None:
    """Without recursion: a document may be as deep as the reader of JSON can go."""
    rest: list[Value] = [content]
    while rest:
        value = rest.pop()
        if isinstance(value, Mapping):
            _check_keys(key.casefold() for key in value)
            rest.extend(value.values())
        elif is_list(value):
            rest.extend(value)


def _check_keys(keys: Iterable[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise UnreadableError(f"has the key {shown(key)} twice", "write each key once")
        seen.add(key)
