"""A small evaluator of one IAM policy document: what it says to one request, and nothing about other policies.

IAM user guide: "Policy evaluation logic", "IAM JSON policy elements: Condition operators", "Single-valued vs.
multivalued context keys" and "AWS JSON policy elements: Principal". What is not implemented raises and never passes, so
that a row of a table can't hold because something was not understood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from tests.policies import conditions
from tests.policies.conditions import Context, NotUnderstoodError

_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
_DOCUMENT = frozenset({"Version", "Id", "Statement"})


class Decision(StrEnum):
    """What a document says; without a word about a request, the request is not allowed by it."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_ALLOWED = "not allowed"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks: at most one kind; nobody known with none.

    Attributes:
        arn: of a role (of its sessions, too), a session or a user.
        service: such as `codebuild.amazonaws.com`.
        federated: the ARN of an identity provider.
    """

    arn: str = ""
    service: str = ""
    federated: str = ""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.arn, self.service, self.federated))) > 1:
            raise ValueError("a principal is of one kind")

    @property
    def account(self) -> str:
        return self.arn.split(":")[4] if self.arn else ""

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1] if self.arn else ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked.

    Attributes:
        action: such as `ecr:BatchGetImage`.
        resource: an ARN; `*` for actions without one.
        principal: who asks.
        context: condition keys as AWS would send them; a key that is missing is absent, a tuple is multivalued.
    """

    action: str
    resource: str = "*"
    principal: Principal = Principal()
    context: Context = field(default_factory=lambda: MappingProxyType({}))


def allowed(document: Mapping[str, object], request: Request) -> bool:
    """Whether the document allows the request."""
    return decide(document, request) is Decision.ALLOWED


def decide(document: Mapping[str, object], request: Request) -> Decision:
    """An explicit deny wins over every allow; without either, the request is not allowed.

    Raises:
        NotUnderstoodError: for anything in the document that this evaluator doesn't know.
    """
    if document.get("Version") != "2012-10-17":
        raise NotUnderstoodError(f"Version {document.get('Version')!r}")
    _refuse_unknown(document, _DOCUMENT)
    effects = set()
    for statement in _statements(document):
        # All of it is looked at, so that nothing which isn't understood hides behind a part that doesn't match.
        matches = [
            _matches_principal(statement, request.principal),
            _matches_action(statement, request.action),
            _matches_resource(statement, request.resource),
            _matches_conditions(statement, request.context),
        ]
        if all(matches):
            effects.add(statement["Effect"])
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if effects else Decision.NOT_ALLOWED


def values(element: object) -> tuple[str, ...]:
    """A text or a list of texts, as lists of one may stand in policies without brackets."""
    items = element if isinstance(element, list) else [element]
    for item in items:
        if not isinstance(item, str):
            raise NotUnderstoodError(f"{item!r} is no text")
    return tuple(items)


def _statements(document: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    found = document.get("Statement")
    for statement in found if isinstance(found, list) else [found]:
        if not isinstance(statement, dict):
            raise NotUnderstoodError(f"{statement!r} is no statement")
        _refuse_unknown(statement, _ELEMENTS)
        if statement.get("Effect") not in ("Allow", "Deny") or "Action" not in statement:
            raise NotUnderstoodError(f"a statement needs an effect and an action: {statement}")
        yield statement


def _refuse_unknown(element: Mapping[str, object], known: frozenset[str]) -> None:
    if unknown := set(element) - known:
        raise NotUnderstoodError(f"elements {', '.join(sorted(unknown))}")


def _matches_action(statement: Mapping[str, object], action: str) -> bool:
    # "IAM JSON policy elements: Action": not case-sensitive.
    asked = action.lower()
    return any(
        pattern == "*" or conditions.like(asked, pattern.lower())
        for pattern in map(_plain, values(statement["Action"]))
    )


def _matches_resource(statement: Mapping[str, object], resource: str) -> bool:
    # Policies of repositories and roles have no Resource: they stand on the one that they are attached to.
    if "Resource" not in statement:
        return True
    patterns = [_plain(pattern) for pattern in values(statement["Resource"])]
    return any(pattern == "*" or (resource != "*" and conditions.arn_like(resource, pattern)) for pattern in patterns)


def _matches_conditions(statement: Mapping[str, object], context: Context) -> bool:
    block = statement.get("Condition", {})
    if not isinstance(block, dict):
        raise NotUnderstoodError(f"{block!r} is no condition block")
    lines = [(operator, key, wanted) for operator, keys in block.items() for key, wanted in keys.items()]
    results = [conditions.holds(operator, key, _condition_values(wanted), context) for operator, key, wanted in lines]
    return all(results)


def _condition_values(wanted: object) -> tuple[str, ...]:
    items = wanted if isinstance(wanted, list) else [wanted]
    return tuple(_plain(str(item).lower() if isinstance(item, bool) else values(item)[0]) for item in items)


def _plain(text: str) -> str:
    if "${" in text:
        raise NotUnderstoodError(f"policy variables: {text}")
    return text


def _matches_principal(statement: Mapping[str, object], asking: Principal) -> bool:
    if "Principal" not in statement:
        return True
    named = statement["Principal"]
    if named == "*":
        return True
    if not isinstance(named, dict):
        raise NotUnderstoodError(f"{named!r} is no principal")
    _refuse_unknown(named, frozenset({"AWS", "Service", "Federated"}))
    results = [_is_aws_principal(_plain(name), asking) for name in values(named.get("AWS", []))]
    for kind, asks in (("Service", asking.service), ("Federated", asking.federated)):
        results += [_is_named(_plain(name), asks) for name in values(named.get(kind, []))]
    return any(results)


def _is_named(name: str, asks: str) -> bool:
    if "*" in name or "?" in name:
        raise NotUnderstoodError(f"a wildcard in the principal {name}")
    return bool(asks) and name == asks


def _is_aws_principal(name: str, asking: Principal) -> bool:
    """The same as `"Principal": "*"` for `*`; an account stands for all its principals."""
    if name == "*":
        return True
    if name.isdigit():
        return asking.account == name
    parts = name.split(":")
    if parts[5:] == ["root"]:
        return (asking.partition, asking.account) == (parts[1], parts[4])
    return _is_named(name, asking.arn) or _is_session_of(name, asking.arn)


def _is_session_of(role: str, session: str) -> bool:
    """A session is one of the role that it names, whose path its ARN doesn't tell."""
    asked, named = _parts(session), _parts(role)
    if asked[2:3] != ["sts"] or named[2:3] != ["iam"]:
        return False
    kind, _, rest = asked[5].partition("/")
    name = rest.partition("/")[0]
    return (
        kind == "assumed-role"
        and named[5].startswith("role/")
        and (asked[1], asked[4], name) == (named[1], named[4], named[5].rpartition("/")[2])
    )


def _parts(arn: str) -> Sequence[str]:
    return arn.split(":", 5)
