"""What AWS's answers hold, checked: botocore converts times, and lets anything pass for text or a number.

Everything here raises `ValueError` in words that follow "the answer makes no sense:"; see `errors.reading`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from ecr.reference import is_digest


def text(value: object, name: str) -> str:
    """`value`, when it is text."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is {_shown(value)}, which is no text")  # noqa: TRY004 (wrong data, not a wrong type)
    return value


def texts(values: Iterable[object], name: str) -> tuple[str, ...]:
    """`values`, when all of them are text."""
    return tuple(text(value, name) for value in values)


def digest(value: object, name: str) -> str:
    """`value`, when it is a complete digest."""
    if not (isinstance(value, str) and is_digest(value)):
        raise ValueError(f"{name} is {_shown(value)}, which is no digest")
    return value


def count(value: object, name: str) -> int:
    """`value`, when it is a whole number from 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is {_shown(value)}; it should be a whole number from 0")
    return value


def moment(value: object, name: str) -> datetime:
    """`value` in UTC, when it is a time with its zone: botocore's zones of its own make comparing slow."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"{name} is {_shown(value)}, which is no time with its zone")
    return value.astimezone(UTC)


def _shown(value: object) -> str:
    return repr(str(value)[:80]) if isinstance(value, str | datetime) else f"{value!r:.80}"
