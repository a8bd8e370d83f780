"""The policy of a repository, made of who may pull and push: one statement per intention.

Amazon ECR user guide, "Repository policies" and "Repository policy examples". Signing in is not in it: that has no
resource, and whoever pulls or pushes gets it by a policy of their own.

How roles get in depends on whose they are (IAM user guide, "AWS JSON policy elements: Principal" and "Cross-account
policy evaluation logic"):

* A role of the repository's own account stands there by its ARN. That is enough for it to pull, and ECR refuses the
  policy while there is no such role; a role that was deleted and made anew has to be put in again.
* A role of another account stands there as a principal of its account whose `aws:PrincipalArn` it is. The role needs a
  policy of its own in its account anyway, so this grants the same; but nothing asks whether the role is there yet, and
  it survives being made anew. In the own account this would grant nothing by itself.

A role's sessions act as the role in both ways: `aws:PrincipalArn` is the role's ARN, not the session's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ecr.access import actions, names
from ecr.access.documents import Condition, PolicyDocument, PrincipalType, Statement
from ecr.access.principals import (
    LAMBDA_SERVICE,
    Access,
    Principals,
    Service,
    account_of,
    partition_of,
    region_of,
)
from ecr.config_reader import shown

# ECR API reference, SetRepositoryPolicy, policyText.
MAX_LENGTH = 10_240


def repository_policy(access: Access, *, account: str, partition: str, region: str) -> PolicyDocument:
    """What ECR gets, the same for equal access in any order.

    Organizations and their units are let in as `*` with a condition. In the repository's own account, if it is in the
    organization, this is enough to pull for every identity that may sign in; elsewhere an identity needs a policy of
    its own account, too.

    Args:
        access: who may pull and push.
        account: of the repository.
        partition: of the repository, such as `aws`.
        region: of the repository, which functions must be in (AWS Lambda developer guide, "Amazon ECR cross-account
            permissions"); empty while it is not known, and then any will do.

    Raises:
        ValueError: for an ARN of another partition, a function of another Region, or more than ECR takes in one policy.
    """
    _check_place(access, partition, region)
    document = PolicyDocument(
        (
            *_statements("Pull", actions.PULL, access.pull, account, partition),
            *_functions(access.pull.functions, partition, region),
            *_services(access.pull.services),
            *_statements("Push", actions.PUSH, access.push, account, partition),
        )
    )
    if len(document.text) > MAX_LENGTH:
        raise ValueError(
            f"the repository policy would have {len(document.text)} characters, and ECR accepts {MAX_LENGTH}; name "
            "fewer, such as an organization in place of its accounts"
        )
    return document


def _statements(
    verb: str, allowed: tuple[str, ...], who: Principals, account: str, partition: str
) -> Iterator[Statement]:
    if who.accounts:
        yield Statement(sid=f"{verb}FromAccounts", actions=allowed, principals=_accounts(who.accounts, partition))
    own = {role for role in who.roles if account_of(role) == account}
    if own:
        yield Statement(sid=f"{verb}ByRoles", actions=allowed, principals={PrincipalType.AWS: _sorted(own)})
    if others := set(who.roles) - own:
        yield Statement(
            sid=f"{verb}ByRolesOfOtherAccounts",
            actions=allowed,
            principals=_accounts(map(account_of, others), partition),
            conditions=(Condition("ArnEquals", "aws:PrincipalArn", _sorted(others)),),
        )
    if who.organizations:
        yield _anybody(
            f"{verb}FromOrganizations",
            allowed,
            Condition("StringEquals", "aws:PrincipalOrgID", _sorted(who.organizations)),
        )
    if who.organization_paths:
        yield _anybody(
            f"{verb}FromOrganizationalUnits",
            allowed,
            # A key of many values needs a set operator (IAM user guide, "aws:PrincipalOrgPaths").
            Condition("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", _sorted(who.organization_paths)),
        )


def _anybody(sid: str, allowed: tuple[str, ...], condition: Condition) -> Statement:
    return Statement(sid=sid, actions=allowed, principals={PrincipalType.AWS: ("*",)}, conditions=(condition,))


def _functions(functions: tuple[str, ...], partition: str, region: str) -> Iterator[Statement]:
    """Lambda in other accounts takes two statements.

    The account, for making and updating functions; and Lambda itself, for bringing back one that was idle (AWS Lambda
    developer guide, "Amazon ECR cross-account permissions").
    """
    if not functions:
        return
    accounts = {function if names.is_account(function) else account_of(function) for function in functions}
    yield Statement(sid="PullToMakeFunctions", actions=actions.SERVICE_PULL, principals=_accounts(accounts, partition))
    sources = (
        f"arn:{partition}:lambda:{region}:{function}:function:*" if names.is_account(function) else function
        for function in functions
    )
    yield Statement(
        sid="PullByLambda",
        actions=actions.SERVICE_PULL,
        principals={PrincipalType.SERVICE: (LAMBDA_SERVICE,)},
        conditions=(Condition("ArnLike", "aws:SourceArn", _sorted(sources)),),
    )


def _services(services: tuple[Service, ...]) -> Iterator[Statement]:
    """One for each source, because the conditions of a statement hold together."""
    seen: Counter[str] = Counter()
    # Empty texts in place of None, which has no order.
    for service in sorted(set(services), key=lambda one: (one.service, one.source_account or "", one.source_arn or "")):
        seen[service.label] += 1
        number = str(seen[service.label]) if seen[service.label] > 1 else ""
        conditions = []
        if service.source_account is not None:
            conditions.append(Condition("StringEquals", "aws:SourceAccount", (service.source_account,)))
        if service.source_arn is not None:
            conditions.append(Condition("ArnLike", "aws:SourceArn", (service.source_arn,)))
        yield Statement(
            sid=f"PullBy{service.label}{number}",
            actions=actions.SERVICE_PULL,
            principals={PrincipalType.SERVICE: (service.service,)},
            conditions=tuple(conditions),
        )


def _accounts(accounts: Iterable[str], partition: str) -> dict[PrincipalType, tuple[str, ...]]:
    return {PrincipalType.AWS: tuple(names.account_root(partition, account) for account in _sorted(accounts))}


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))


def arns(access: Access) -> Iterator[str]:
    """Every ARN that is named, all of which must be of one partition."""
    yield from (*access.pull.roles, *access.push.roles)
    yield from (function for function in access.pull.functions if not names.is_account(function))
    yield from (service.source_arn for service in access.pull.services if service.source_arn is not None)


def partitions(access: Access) -> Iterator[str]:
    """The partition of every ARN, and of every service that only one has; all must be the same."""
    yield from map(partition_of, arns(access))
    yield from (service.partition for service in access.pull.services if service.partition is not None)


def function_regions(access: Access) -> Iterator[str]:
    """The Region of every function that is named by its ARN, all of which must be in one."""
    yield from (region_of(function) for function in access.pull.functions if not names.is_account(function))


def _check_place(access: Access, partition: str, region: str) -> None:
    for arn in arns(access):
        if partition_of(arn) != partition:
            raise ValueError(f"{arn} is of another partition than the repository, which is in {partition}")
    for service in access.pull.services:
        if region and service.partition not in (None, partition):
            raise ValueError(f"{shown(service.service)} is a service of {service.partition}, not of {partition}")
    for found in function_regions(access):
        if region not in ("", found):
            raise ValueError(f"names a function in {found}; Lambda pulls from repositories of its own Region, {region}")
