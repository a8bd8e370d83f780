"""JSON text, read strictly: what two readers could understand differently is refused, and the message says where it is.

Source: RFC 8259, with what it leaves open decided (section 4: equal names; section 6: numbers; section 8: UTF-8 only).
Python's own reader takes the last of equal keys, numbers that JSON does not have, and half characters.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping

from ecr.errors import InputError

# Policies and lists of images nest five deep; Python's reader itself ends at about 900.
MAX_DEPTH = 32
MAX_NUMBER_CHARS = 40
_MAX_SHOWN = 60
_NESTING = (dict, list)

# The first bytes of text in other encodings, the longer marks first, and how ASCII text starts in them without a mark.
_MARKS = ((b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_UNMARKED = re.compile(rb"(?:\0\0\0[^\0]|[^\0]\0\0\0)|(\0[^\0]|[^\0]\0)")
_UTF8_MARK = "\ufeff"
_SAVE = "save it as UTF-8"
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD]")


def read_json(text: str | bytes, name: str, *, max_bytes: int, max_values: int | None = None) -> object:
    """What a JSON text says, in plain Python values.

    Args:
        text: the text; as bytes it is UTF-8, with or without a byte order mark.
        name: where it comes from, for messages: the name of a file.
        max_bytes: how long it may be.
        max_values: how many values it may hold, roughly: a value of three bytes takes sixty in memory. Counted are
            `,`, `[` and `{`, those within text, too, since that can be done before anything is read.

    Raises:
        InputError: it is too long, holds too many values, is not UTF-8, not JSON, nested more than `MAX_DEPTH` deep,
            has a key twice in one object, a number that JSON does not have or that is out of all bounds, or half a
            character.
    """
    if len(text) > max_bytes:
        raise InputError(name, f"is longer than the {max_bytes} bytes that are accepted")
    decoded = _decoded(text, name) if isinstance(text, bytes) else text.removeprefix(_UTF8_MARK)
    if not decoded.strip():
        raise InputError(name, "is empty; accepted: JSON")
    if max_values is not None and sum(map(decoded.count, ",[{")) > max_values:
        raise InputError(name, f"holds more than the {max_values} values that are accepted")
    reader = _Reader(name)
    document = reader.read(decoded)
    _refuse_depth(document, name)
    if reader.found_wrong or _ESCAPED_SURROGATE.search(decoded) or not _is_text(decoded):
        _explain(document, name)
    return document


def shown(value: object) -> str:
    """A value as a message shows it: text and numbers as in JSON, shortened; of others, what they are."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return json.dumps(brief(value), ensure_ascii=False)
        case None | bool():
            return json.dumps(value)
        case int() if value.bit_length() > _MAX_SHOWN * 3:  # also more digits than Python would print
            return "a number with many digits"
    return brief(str(value))


def brief(text: str) -> str:
    """A text that may be long, shortened for a message."""
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."


def _decoded(data: bytes, name: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            raise InputError(name, f"is {encoding}, not UTF-8; {_SAVE}")
    if unmarked := _UNMARKED.match(data):
        raise InputError(name, f"is {'UTF-16' if unmarked[1] else 'UTF-32'}, not UTF-8; {_SAVE}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + (len(data) - len(error.object))  # the decoder does not count a mark
        line = data.count(b"\n", 0, at) + 1
        problem = f"is not UTF-8: byte {at + 1}, in line {line}, is 0x{data[at]:02x}; {_SAVE}"
        raise InputError(name, problem) from error


class _Wrong:
    """Stands in the document for a value that is not accepted, until it is known where that is."""

    def __init__(self, problem: str) -> None:
        self.problem = problem


class _Doubled(dict[str, object]):
    """An object with a key that stands twice."""

    twice: str


class _Reader:
    """Python's reader, with its leniency taken away."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.found_wrong = False

    def read(self, text: str) -> object:
        try:
            document: object = json.loads(
                text,
                object_pairs_hook=self._object,
                parse_constant=self._constant,
                parse_int=self._int,
                parse_float=self._float,
            )
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise InputError(self._name, f"is not valid JSON: {where}: {error.msg}") from error
        except RecursionError as error:
            raise _too_deep(self._name) from error
        return document

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self.found_wrong = True
        doubled = _Doubled(pairs)
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                doubled.twice = key
                break
            seen.add(key)
        return doubled

    def _constant(self, text: str) -> _Wrong:
        return self._wrong(f"{text} is no number in JSON")

    def _int(self, text: str) -> int | _Wrong:
        return int(text) if len(text) <= MAX_NUMBER_CHARS else self._long(text)

    def _float(self, text: str) -> float | _Wrong:
        if len(text) > MAX_NUMBER_CHARS:
            return self._long(text)
        number = float(text)
        return number if math.isfinite(number) else self._wrong(f"{text} is a number out of all bounds")

    def _long(self, text: str) -> _Wrong:
        return self._wrong(f"is a number of {len(text)} characters; accepted: at most {MAX_NUMBER_CHARS}")

    def _wrong(self, problem: str) -> _Wrong:
        self.found_wrong = True
        return _Wrong(problem)


def _too_deep(name: str) -> InputError:
    return InputError(name, f"is nested too deeply; accepted: at most {MAX_DEPTH} levels")


def _refuse_depth(document: object, name: str) -> None:
    level = [document] if isinstance(document, _NESTING) else []
    for _ in range(MAX_DEPTH):
        # By level and not by recursion: this passes over all that is in the text, and it must not fail itself.
        # With a tuple of types, because to ask for `dict | list` takes three times as long.
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, _NESTING)
        ]
        if not level:
            return
    raise _too_deep(name)


def _is_text(text: str) -> bool:
    return text.isascii() or _SURROGATE.search(text) is None


def _explain(document: object, name: str) -> None:
    """Raise an error for the first wrong value, if there is one."""
    for path, problem in _wrong_values(document, ""):
        raise InputError(f"{name}: {path}" if path else name, problem)


def _wrong_values(value: object, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case _Wrong():
            yield path, value.problem
        case str() if not _is_text(value):
            yield path, "holds half a character (a surrogate); accepted: text"
        case list():
            for index, item in enumerate(value):
                yield from _wrong_values(item, f"{path}[{index}]")
        case dict():
            yield from _wrong_object(value, path)


def _wrong_object(value: Mapping[str, object], path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, _Doubled):
        yield path, f"has the key {shown(value.twice)} twice; accepted: each key once"
    for key, item in value.items():
        if not _is_text(key):
            yield path, f"has the key {shown(key)} with half a character (a surrogate); accepted: text"
        yield from _wrong_values(item, f"{path}.{brief(key)}" if path else brief(key))
