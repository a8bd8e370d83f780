"""The condition operators of IAM ("IAM JSON policy elements: Condition operators" in the IAM user guide)."""

from __future__ import annotations

import functools
import ipaddress
import operator as comparing
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

Context = Mapping[str, str | tuple[str, ...]]
_Test = Callable[[str, str], bool]

# An ARN has six parts; the last may hold colons itself.
_ARN_PARTS = 6


class NotUnderstoodError(Exception):
    """The evaluator doesn't know what this means, and doesn't guess."""


def like(text: str, pattern: str) -> bool:
    """`*` for any characters, `?` for one; case-sensitive."""
    return _compiled(pattern).fullmatch(text) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def arn_like(arn: str, pattern: str) -> bool:
    """Each of the six parts by itself, so that no wildcard reaches over a colon."""
    parts, patterns = arn.split(":", _ARN_PARTS - 1), pattern.split(":", _ARN_PARTS - 1)
    if len(patterns) < _ARN_PARTS:
        raise NotUnderstoodError(f"{pattern} is no whole ARN")
    return len(parts) == _ARN_PARTS and all(map(like, parts, patterns))


def _equal_ignoring_case(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


def _boolean(value: str, wanted: str) -> bool:
    if wanted.lower() not in ("true", "false"):
        raise NotUnderstoodError(f"{wanted!r} is neither true nor false")
    return value.lower() == wanted.lower()


def _in_network(value: str, wanted: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(wanted)


def _numeric(compare: Callable[[Decimal, Decimal], bool]) -> _Test:
    return lambda value, wanted: compare(Decimal(value), Decimal(wanted))


def _date(compare: Callable[[datetime, datetime], bool]) -> _Test:
    return lambda value, wanted: compare(_moment(value), _moment(wanted))


def _moment(text: str) -> datetime:
    if re.fullmatch(r"[0-9]+", text):
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_TESTS: Mapping[str, _Test] = MappingProxyType(
    {
        "StringEquals": comparing.eq,
        "StringEqualsIgnoreCase": _equal_ignoring_case,
        "StringLike": like,
        # "behave identically", wildcards included
        "ArnEquals": arn_like,
        "ArnLike": arn_like,
        "Bool": _boolean,
        "IpAddress": _in_network,
        "NumericEquals": _numeric(comparing.eq),
        "NumericLessThan": _numeric(comparing.lt),
        "NumericLessThanEquals": _numeric(comparing.le),
        "NumericGreaterThan": _numeric(comparing.gt),
        "NumericGreaterThanEquals": _numeric(comparing.ge),
        "DateEquals": _date(comparing.eq),
        "DateLessThan": _date(comparing.lt),
        "DateLessThanEquals": _date(comparing.le),
        "DateGreaterThan": _date(comparing.gt),
        "DateGreaterThanEquals": _date(comparing.ge),
    }
)

# Negated operator -> the one it negates.
_NEGATED: Mapping[str, str] = MappingProxyType(
    {
        "StringNotEquals": "StringEquals",
        "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
        "StringNotLike": "StringLike",
        "ArnNotEquals": "ArnEquals",
        "ArnNotLike": "ArnLike",
        "NotIpAddress": "IpAddress",
        "NumericNotEquals": "NumericEquals",
        "DateNotEquals": "DateEquals",
    }
)


def holds(operator: str, key: str, wanted: tuple[str, ...], context: Context) -> bool:
    """Whether one line of a condition block holds.

    Raises:
        NotUnderstoodError: for an operator that is not known, or a multivalued key without a set operator.
    """
    # "Condition keys": their names are not case-sensitive.
    found = {name.lower(): value for name, value in context.items()}.get(key.lower())
    if operator == "Null":
        return any(_boolean(str(found in (None, ())).lower(), value) for value in wanted)
    quantifier, _, plain = operator.rpartition(":")
    base = plain.removesuffix("IfExists")
    if quantifier and base != plain:
        raise NotUnderstoodError(f"{operator}: what IfExists means with a set operator is not documented")
    test = _test(base)
    if quantifier:
        asked = (found,) if isinstance(found, str) else found or ()
        if quantifier == "ForAllValues":
            return all(test(value, wanted) for value in asked)  # true for none
        if quantifier == "ForAnyValue":
            return any(test(value, wanted) for value in asked)  # false for none
        raise NotUnderstoodError(operator)
    if isinstance(found, tuple):
        raise NotUnderstoodError(f"{key} has many values; that needs ForAllValues or ForAnyValue, not {operator}")
    if found is None:
        return base != plain or base in _NEGATED
    return test(found, wanted)


def _test(base: str) -> Callable[[str, tuple[str, ...]], bool]:
    """A positive operator holds for one of the values, a negated one for none of them."""
    positive = _TESTS.get(_NEGATED.get(base, base))
    if positive is None:
        raise NotUnderstoodError(f"operator {base}")
    test = positive
    return lambda value, wanted: any(test(value, item) for item in wanted) != (base in _NEGATED)
