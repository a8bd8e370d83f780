"""No public principal: nobody but those who are named may use a repository or the registry."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from .documents import UnreadableError, parsed
from .tags import TEMPLATE
from .values import UNKNOWN, Resource, Settings, Undecided, Unknown, Value, Verdict, Violation, at, items, shown

POLICIES = {
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    TEMPLATE: "repositoryPolicy",
}
TYPES = tuple(POLICIES)

_REMEDY = (
    "name the accounts or roles, or add a condition on aws:PrincipalOrgID, aws:PrincipalAccount, aws:SourceArn or "
    "another fixed identity"
)
# Conditions of these kinds hold only for a request that has the key, with a value that matches: not the ...IfExists
# and ForAllValues forms, which hold for a request without the key, and no negation.
_TEXT_OPERATORS = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
_ARN_OPERATORS = frozenset({"arnequals", "arnlike"})  # ArnEquals matches patterns as ArnLike does
_LIKE = _ARN_OPERATORS | {"stringlike"}
# How broad a range of addresses may be: S3's measure of what is public.
_NARROWEST = {4: 8, 6: 32}


def check(resource: Resource, _settings: Settings) -> Iterator[Verdict]:
    """No statement may allow everybody, unless a condition narrows it to identities that somebody owns.

    What narrows is what S3 counts as not public, where it applies to ECR: fixed organizations, accounts, principals,
    sources, VPCs, VPC endpoints, and ranges of addresses that aren't as good as all.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html

    A service acts for whoever asks it to, and an identity provider vouches for people whom nobody here has named: both
    need such a condition, too. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    where = POLICIES[resource.type]
    value = at(resource.properties, where)
    if value is None and resource.type == TEMPLATE:
        return
    if value is UNKNOWN:
        yield Undecided(where)
        return
    try:
        document = parsed(value, caseless=True)
    except UnreadableError as error:
        yield Violation(where, f"{error.problem}, so nobody can tell whom it allows", error.remedy)
        return
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
    return {key.casefold(): below for key, below in value.items()} if isinstance(value, Mapping) else {}


def _everybody(elements: Mapping[str, Value]) -> str | Unknown | None:
    """How the statement says that anybody may be meant; None when it does not."""
    if "notprincipal" in elements:
        return "everybody but its NotPrincipal"
    principal = elements.get("principal")
    kinds: Mapping[str, Value] = principal if isinstance(principal, Mapping) else {"": principal}
    named = [(kind, one) for kind, value in kinds.items() for one in items(value)]
    for kind, one in named:
        if isinstance(one, str) and (_is_public(one) or kind.casefold() in _VOUCHING):
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
            elif _names(kind, key.lower(), values):
                return True
    return UNKNOWN if unknown else False


def _names(operator: str, key: str, values: Sequence[Value]) -> bool:
    """Whether a condition names somebody in each of its values: fixed organizations, accounts, networks."""
    texts = [one for one in values if isinstance(one, str)]
    if not texts or len(texts) < len(values):
        return False
    if operator == "ipaddress":
        return key == "aws:sourceip" and _are_narrow(texts)
    return operator in _TEXT_OPERATORS and all(_owned(operator, key, one) for one in texts)


def _owned(operator: str, key: str, value: str) -> bool:
    if key in _ARNS and operator in _LIKE:
        return _fixed_account(value, by_part=operator in _ARN_OPERATORS)
    if key not in _OWNED:
        return False
    # Where the operator knows no wildcards, a `*` is only a character, which no identity has.
    return _OWNED[key](value) if operator in _LIKE else _fixed(value)


def _fixed(value: str) -> bool:
    return bool(value) and not re.search(r"[*?]|\$\{", value)


def _fixed_account(value: str, *, by_part: bool) -> bool:
    """Whether an ARN is of one account; a wildcard before it reaches over colons unless they are matched by part.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    parts = value.split(":")
    if len(parts) <= _ACCOUNT or parts[0] != "arn" or not _fixed(parts[_ACCOUNT]):
        return False
    return by_part or _fixed(":".join(parts[:_ACCOUNT]))


def _fixed_path(value: str) -> bool:
    organization, slash, _ = value.partition("/")
    return bool(slash) and _fixed(organization)


def _fixed_user(value: str) -> bool:
    return _fixed(value.partition(":")[0])


def _are_narrow(values: Sequence[str]) -> bool:
    """Whether all are ranges that are not too broad, ranges that lie side by side taken together."""
    try:
        networks = [ipaddress.ip_network(one, strict=False) for one in values]
    except ValueError:
        return False
    joined: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = [
        *ipaddress.collapse_addresses(one for one in networks if isinstance(one, ipaddress.IPv4Network)),
        *ipaddress.collapse_addresses(one for one in networks if isinstance(one, ipaddress.IPv6Network)),
    ]
    return all(one.prefixlen >= _NARROWEST[one.version] for one in joined)


_ACCOUNT = 4  # arn:PARTITION:SERVICE:REGION:ACCOUNT:...
_ARNS = frozenset({"aws:principalarn", "aws:sourcearn"})
_VOUCHING = frozenset({"service", "federated"})  # principals that stand for others
_OWNED: Mapping[str, Callable[[str], bool]] = {
    "aws:principalorgid": _fixed,
    "aws:principalorgpaths": _fixed_path,
    "aws:principalaccount": _fixed,
    "aws:principalarn": _fixed,
    "aws:sourceorgid": _fixed,
    "aws:sourceorgpaths": _fixed_path,
    "aws:sourceaccount": _fixed,
    "aws:sourceowner": _fixed,
    "aws:sourcearn": _fixed,
    "aws:sourcevpc": _fixed,
    "aws:sourcevpce": _fixed,
    "aws:vpceorgid": _fixed,
    "aws:vpceaccount": _fixed,
    "aws:userid": _fixed_user,
}
