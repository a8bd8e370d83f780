"""No public principal: nobody but those who are named may use a repository or the registry."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping

from .documents import parsed
from .tags import TEMPLATE
from .values import UNKNOWN, Resource, Settings, Undecided, Unknown, Value, Verdict, Violation, at, items, shown

POLICIES = {
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    TEMPLATE: "repositoryPolicy",
}
TYPES = tuple(POLICIES)

_REMEDY = (
    "name the accounts or roles, or add a condition on aws:PrincipalOrgID, aws:PrincipalAccount, aws:SourceVpce or "
    "another fixed identity"
)
# Conditions of these kinds hold only for a request that has the key, with a value that matches: not the ...IfExists
# and ForAllValues forms, which hold for a request without the key, and no negation.
_TEXT_OPERATORS = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
_LIKE = frozenset({"stringlike", "arnequals", "arnlike"})  # ArnEquals matches patterns as ArnLike does
# How broad a range of addresses may be: S3's measure of what is public.
_NARROWEST = {4: 8, 6: 32}


def check(resource: Resource, _settings: Settings) -> Iterator[Verdict]:
    """No statement may allow everybody, unless a condition narrows it to identities that somebody owns.

    What narrows is what S3 counts as not public, where it applies to ECR: fixed organizations, accounts, principals,
    sources, VPCs, VPC endpoints, and ranges of addresses that aren't as good as all.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    where = POLICIES[resource.type]
    value = at(resource.properties, where)
    if value is None and resource.type == TEMPLATE:
        return
    if value is UNKNOWN:
        yield Undecided(where)
        return
    try:
        document = parsed(value)
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        yield Violation(where, "is not a policy in JSON, so nobody can tell whom it allows", "write it as JSON")
        return
    for index, statement in enumerate(items(_folded(document).get("statement"))):
        yield from _statement(statement, f"{where}.Statement[{index}]")


def _statement(statement: Value, where: str) -> Iterator[Verdict]:
    elements = _folded(statement)
    if statement is UNKNOWN:
        yield Undecided(where)
    if statement is UNKNOWN or elements.get("effect") == "Deny":
        return
    everybody = _everybody(elements)
    narrowed = _narrowed(elements.get("condition")) if everybody else True
    if narrowed is UNKNOWN:
        yield Undecided(f"{where}.Condition")
    elif not narrowed and everybody is UNKNOWN:
        yield Undecided(f"{where}.Principal")
    elif not narrowed:
        yield Violation(where, f"allows {everybody}, without a condition that names anybody", _REMEDY)


def _folded(value: Value) -> Mapping[str, Value]:
    """By lower-case keys: a slip in a key's case must not hide a statement, whatever IAM makes of it."""
    return {key.lower(): below for key, below in value.items()} if isinstance(value, Mapping) else {}


def _everybody(elements: Mapping[str, Value]) -> str | Unknown | None:
    """How the statement says that everybody is meant; None when it does not."""
    if "notprincipal" in elements:
        return "everybody but its NotPrincipal"
    principal = elements.get("principal")
    kinds: Mapping[str, Value] = principal if isinstance(principal, Mapping) else {"": principal}
    named = [(kind, one) for kind, value in kinds.items() for one in items(value)]
    for kind, one in named:
        if isinstance(one, str) and _is_public(one):
            return f"the principal {shown({kind: one} if kind else one)}"
    return UNKNOWN if any(one is UNKNOWN for _, one in named) else None


def _is_public(principal: str) -> bool:
    """Whether a principal is `*`, or an ARN of any account."""
    parts = principal.split(":")
    return principal == "*" or (parts[0] == "arn" and len(parts) > _ACCOUNT and not _fixed(parts[_ACCOUNT]))


def _narrowed(condition: Value) -> bool | Unknown:
    """Whether some condition narrows to identities that somebody owns. All of a statement's conditions must hold."""
    if condition is UNKNOWN:
        return UNKNOWN
    if not isinstance(condition, Mapping):
        return False
    unknown = False
    for operator, block in condition.items():
        kind = operator.lower().removeprefix("foranyvalue:")
        for key, value in block.items() if isinstance(block, Mapping) else [("", block)]:
            values = items(value)
            if UNKNOWN in values:
                unknown = True
            elif values and all(isinstance(one, str) and _owned(kind, key.lower(), one) for one in values):
                return True
    return UNKNOWN if unknown else False


def _owned(operator: str, key: str, value: str) -> bool:
    """Whether a condition's key and value name somebody: one fixed organization, account, network."""
    if operator == "ipaddress":
        return key == "aws:sourceip" and _is_narrow(value)
    owned = _OWNED.get(key)
    if operator not in _TEXT_OPERATORS or owned is None:
        return False
    # Where the operator knows no wildcards, a `*` is only a character, which no identity has.
    return owned(value) if operator in _LIKE else _fixed(value)


def _fixed(value: str) -> bool:
    return bool(value) and not re.search(r"[*?]|\$\{", value)


def _fixed_account(value: str) -> bool:
    parts = value.split(":")
    return len(parts) > _ACCOUNT and parts[0] == "arn" and _fixed(parts[_ACCOUNT])


def _fixed_path(value: str) -> bool:
    organization, slash, _ = value.partition("/")
    return bool(slash) and _fixed(organization)


def _fixed_user(value: str) -> bool:
    return _fixed(value.partition(":")[0])


def _is_narrow(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _NARROWEST[network.version]


_ACCOUNT = 4  # arn:PARTITION:SERVICE:REGION:ACCOUNT:...
_OWNED: Mapping[str, Callable[[str], bool]] = {
    "aws:principalorgid": _fixed,
    "aws:principalorgpaths": _fixed_path,
    "aws:principalaccount": _fixed,
    "aws:principalarn": _fixed_account,
    "aws:sourceorgid": _fixed,
    "aws:sourceorgpaths": _fixed_path,
    "aws:sourceaccount": _fixed,
    "aws:sourceowner": _fixed,
    "aws:sourcearn": _fixed_account,
    "aws:sourcevpc": _fixed,
    "aws:sourcevpce": _fixed,
    "aws:vpceorgid": _fixed,
    "aws:vpceaccount": _fixed,
    "aws:userid": _fixed_user,
}
