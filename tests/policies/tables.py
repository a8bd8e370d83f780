"""Tables of who may do what: each row asks one document for one request, and together they leave no part untested."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.policies import evaluator
from tests.policies.evaluator import Principal, Request

# Whose documents these are, unless a table says otherwise, and who is in none of them: rows ask on their behalf.
OURS, STRANGER = "123456789012", "999999999999"
OTHER_SERVICE = "ec2.amazonaws.com"
OTHER_PROVIDER = f"arn:aws:iam::{OURS}:oidc-provider/oidc.example.com"


@dataclass(frozen=True)
class Row:
    """One request, and whether the document is to allow it."""

    name: str
    request: Request
    allowed: bool


def check(document: Mapping[str, object], rows: Sequence[Row]) -> None:
    """Assert every row, and name all that fail."""
    names = [row.name for row in rows]
    assert len(set(names)) == len(names), f"rows share a name: {sorted({n for n in names if names.count(n) > 1})}"
    verdicts = {row.allowed for row in rows}
    assert verdicts == {True, False}, "a table needs rows that are allowed and rows that are not"
    wrong = [
        f"{row.name}: {'not ' if row.allowed else ''}allowed"
        for row in rows
        if evaluator.allowed(document, row.request) is not row.allowed
    ]
    assert wrong == [], "\n".join(wrong)


def by_others(name: str, request: Request, *, account: str | None = OURS) -> list[Row]:
    """The same request by those who are never meant, ourselves among them unless `account` is None: none is allowed."""
    others = {
        "our own account": Principal(arn=f"arn:aws:iam::{account}:role/admin") if account else None,
        "a stranger": Principal(arn=f"arn:aws:iam::{STRANGER}:role/admin"),
        "another service": Principal(service=OTHER_SERVICE),
        "another provider": Principal(federated=OTHER_PROVIDER),
    }
    return [
        Row(f"{name}, by {who}", dataclasses.replace(request, principal=principal), allowed=False)
        for who, principal in others.items()
        if principal is not None
    ]


def survivors(document: Mapping[str, object], rows: Sequence[Row], *, account: str = OURS) -> list[str]:
    """The single changes to the document, of this account, that no row would notice; a whole table has none."""
    return [
        change
        for change, mutant in mutants(document, account=account)
        if all(evaluator.allowed(mutant, row.request) is row.allowed for row in rows)
    ]


def mutants(document: Mapping[str, object], *, account: str = OURS) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The document with one thing changed, and what that is: a statement, action, principal, resource, condition or
    value of one gone; a principal or resource widened to `*`; a principal more; a condition that holds without its
    key, too."""
    statements = document["Statement"]
    assert isinstance(statements, list)
    for index, statement in enumerate(statements):
        sid = statement.get("Sid", index)
        rest = statements[:index], statements[index + 1 :]
        yield f"{sid}: gone", {**document, "Statement": [*rest[0], *rest[1]]}
        for change, mutant in _statement_mutants(statement, account):
            yield f"{sid}: {change}", {**document, "Statement": [*rest[0], mutant, *rest[1]]}


def _statement_mutants(statement: Mapping[str, object], account: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    for element in ("Action", "Resource"):
        for value, others in _without_one(statement.get(element, [])):
            yield f"{element} without {value}", {**statement, element: others}
    for value, others in _each(statement.get("Resource", [])):
        if value != "*":
            yield f"Resource {value} widened", {**statement, "Resource": [*others, "*"]}
    named = statement.get("Principal", "*")
    if isinstance(named, dict):
        yield from _principal_mutants(statement, named)
        yield from _with_one_principal_more(statement, named, account)
    block = statement.get("Condition", {})
    assert isinstance(block, dict)
    for operator, keys in block.items():
        for key, wanted in keys.items():
            changed = copy.deepcopy(block)
            del changed[operator][key]
            yield f"without {operator} {key}", {**statement, "Condition": changed}
            if _can_be_if_exists(operator):
                changed = copy.deepcopy(changed)
                changed.setdefault(f"{operator}IfExists", {})[key] = wanted
                yield f"{operator}IfExists {key}", {**statement, "Condition": changed}
            for value, others in _without_one(wanted):
                changed = copy.deepcopy(block)
                changed[operator][key] = others
                yield f"{operator} {key} without {value}", {**statement, "Condition": changed}


def _principal_mutants(
    statement: Mapping[str, object], named: Mapping[str, object]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    for kind, names in named.items():
        for name, others in _each(names):
            rest = {other: values for other, values in named.items() if other != kind} | (
                {kind: others} if others else {}
            )
            if rest:
                yield f"Principal without {name}", {**statement, "Principal": rest}
            yield f"Principal {name} widened", {**statement, "Principal": "*"}


def _with_one_principal_more(
    statement: Mapping[str, object], named: Mapping[str, object], account: str
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Our own account and a stranger's; another service beside services, another provider beside providers."""
    more = [("AWS", account), ("AWS", STRANGER), ("Service", OTHER_SERVICE), ("Federated", OTHER_PROVIDER)]
    for kind, name in more:
        there = evaluator.values(named.get(kind, []))
        known = {value.split(":")[4] if value.endswith(":root") else value for value in there}
        if name not in known and (kind in named or kind == "AWS"):
            yield f"Principal and {name}", {**statement, "Principal": {**named, kind: [*there, name]}}


def _can_be_if_exists(operator: str) -> bool:
    """Whether it means something else with IfExists: negated operators hold without their key anyway."""
    return ":" not in operator and "Not" not in operator and operator != "Null" and not operator.endswith("IfExists")


def _each(element: object) -> Iterator[tuple[str, list[str]]]:
    """Each value, and the others."""
    items = list(evaluator.values(element))
    for index, item in enumerate(items):
        yield item, [*items[:index], *items[index + 1 :]]


def _without_one(element: object) -> Iterator[tuple[str, list[str]]]:
    """Each value that others stand beside: to take away the only one is to take away the whole statement."""
    return ((value, others) for value, others in _each(element) if others)
