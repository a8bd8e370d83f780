"""Who may replicate into a registry, and who may import through its cache: the registry's policy.

Sources: ECR user guide, "Private image replication", section "Cross-account replication policy requirements" (what the
destination must allow, and that it is the account that is named); "Granting registry permissions for pull through
cache" and "IAM permissions required to sync an upstream registry"; ECR API reference, PutRegistryPolicy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr import regions
from ecr.access import names
from ecr.access.documents import PolicyDocument, PrincipalType, Statement
from ecr.access.names import RoleArn
from ecr.config_reader import shown
from ecr.problems import Problem, covered_items, refused, refused_items
from ecr.reference import SOMEWHERE, Registry
from ecr.registry import pull_through, replication
from ecr.registry.replication import Destination, ReplicationRule

REPLICATE = ("ecr:CreateRepository", "ecr:ReplicateImage")
IMPORT = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")

MAX_POLICY_CHARS = 10_240  # PutRegistryPolicy, policyText


@dataclass(frozen=True)
class ReplicationSource:
    """An account that may replicate into this registry.

    Attributes:
        account: 12 digits.
        prefixes: how the names of the repositories must begin; empty for all.
    """

    account: str
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CacheAccess:
    """Who may have images imported through the cache by pulling them, which makes repositories.

    Attributes:
        prefixes: of pull-through cache rules; `ROOT` for all repositories.
        accounts: all whose identities may, as far as their own policies let them.
        roles: ARNs.
    """

    prefixes: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegistryAccess:
    """All that a registry's policy grants.

    Attributes:
        replicate_from: each account once.
        pull_through_cache: principals and the caches that they may use.
    """

    replicate_from: tuple[ReplicationSource, ...] = ()
    pull_through_cache: tuple[CacheAccess, ...] = ()


def document(access: RegistryAccess, registry: Registry) -> PolicyDocument:
    """The registry's policy, a statement for each account that replicates and each entry of the cache.

    Raises:
        ValueError: when it grants nothing.
    """
    replicated = [_replicate(source, registry) for source in access.replicate_from]
    cached = [_import(entry, registry, number) for number, entry in enumerate(access.pull_through_cache, start=1)]
    return PolicyDocument((*replicated, *cached))


def destination_policies(
    rules: Sequence[ReplicationRule], source: Registry
) -> Mapping[str, Mapping[str, PolicyDocument]]:
    """What other accounts must have in their registries' policies before `source` can replicate there.

    A registry has one policy: where there is one already, the statement goes into it.

    Returns:
        account -> Region -> the policy; nothing for destinations in the source's own account, which need none.
    """
    found: dict[Destination, list[str]] = {}
    for rule in rules:
        for destination in rule.destinations:
            if destination.account not in (None, source.account):
                found.setdefault(destination, []).extend(rule.prefixes or ("",))
    policies: dict[str, dict[str, PolicyDocument]] = {}
    for destination, prefixes in found.items():
        account = destination.account or ""
        there = Registry(source.partition, destination.region, account)
        wanted = ReplicationSource(source.account, () if "" in prefixes else tuple(dict.fromkeys(prefixes)))
        policies.setdefault(account, {})[destination.region] = PolicyDocument((_replicate(wanted, there),))
    return policies


def destination_problems(
    rules: Sequence[ReplicationRule], *, region: str | None, account: str | None
) -> Iterator[Problem]:
    """Policies of other accounts that ECR would refuse for their length; which accounts are others has to be known."""
    if region is None or account is None:
        return
    source = Registry(regions.PARTITIONS.get(region, "aws"), region, account)
    for other, policies in destination_policies(rules, source).items():
        for there, needed in policies.items():
            if len(needed.text) > MAX_POLICY_CHARS:
                reason = f"needs a registry policy of {len(needed.text)} characters in account {other}, {there}"
                yield Problem("", f"{reason}; ECR accepts up to {MAX_POLICY_CHARS}: name fewer or shorter prefixes")


def _replicate(source: ReplicationSource, registry: Registry) -> Statement:
    return Statement(
        sid=f"ReplicateFrom{source.account}",
        # The account, as documented: the service-linked role that replicates need not exist yet when this is made.
        principals={PrincipalType.AWS: (names.account_root(registry.partition, source.account),)},
        actions=REPLICATE,
        resources=tuple(registry.repositories(prefix) for prefix in source.prefixes or ("",)),
    )


def _import(entry: CacheAccess, registry: Registry, number: int) -> Statement:
    prefixes = ("" if prefix == pull_through.ROOT else f"{prefix}/" for prefix in entry.prefixes)
    accounts = (names.account_root(registry.partition, account) for account in entry.accounts)
    return Statement(
        sid=f"PullThroughCache{number}",
        principals={PrincipalType.AWS: (*accounts, *entry.roles)},
        actions=IMPORT,
        resources=tuple(registry.repositories(prefix) for prefix in prefixes),
    )


def problems(access: RegistryAccess, *, region: str | None = None, account: str | None = None) -> Iterator[Problem]:
    """What ECR would refuse, or what grants nothing.

    Args:
        access: what the policy is to grant.
        region: the registry's own Region; None while it is not known, and then less can be told.
        account: likewise its account.
    """
    if access == RegistryAccess():
        yield Problem("", "grants nothing; accepted: replicateFrom, pullThroughCache, or no policy at all")
        return
    found = [*_source_problems(access.replicate_from, account), *_cache_problems(access.pull_through_cache, region)]
    yield from found
    if not found:
        found = [*_too_long(access, region)] or [*_redundant(access)]
        yield from found


def _source_problems(sources: Sequence[ReplicationSource], account: str | None) -> Iterator[Problem]:
    before: set[str] = set()
    for index, source in enumerate(sources):
        path = f"replicateFrom[{index}]"
        if not names.is_account(source.account):
            yield refused(f"{path}.account", source.account, names.ACCOUNT_RULE)
        elif source.account == account:
            yield Problem(path, f"{source.account} is this very account, which needs no permission; take it out")
        elif source.account in before:
            yield Problem(path, f"{source.account} stands in the list twice; accepted: one entry with all its prefixes")
        before.add(source.account)
        yield from refused_items(f"{path}.prefixes", source.prefixes, replication.is_prefix, replication.PREFIX_RULE)


def _cache_problems(entries: Sequence[CacheAccess], region: str | None) -> Iterator[Problem]:
    for index, entry in enumerate(entries):
        path = f"pullThroughCache[{index}]"
        if not entry.prefixes:
            yield Problem(f"{path}.prefixes", f"is empty; accepted: {pull_through.PREFIX_RULE}")
        if not (entry.accounts or entry.roles):
            yield Problem(path, "names nobody; accepted: accounts, roles or both")
        yield from refused_items(f"{path}.prefixes", entry.prefixes, pull_through.is_prefix, pull_through.PREFIX_RULE)
        yield from refused_items(f"{path}.accounts", entry.accounts, names.is_account, names.ACCOUNT_RULE)
        yield from refused_items(f"{path}.roles", entry.roles, names.is_role_arn, names.ROLE_ARN_RULE)
        for place, role in enumerate(entry.roles):
            if names.is_role_arn(role) and (problem := other_partition(RoleArn.parse(role).partition, role, region)):
                yield problem.below(f"{path}.roles[{place}]")


def _redundant(access: RegistryAccess) -> Iterator[Problem]:
    """Prefixes that another one of the same entry covers; there are no more than a policy has room for."""
    for index, source in enumerate(access.replicate_from):
        yield from covered_items(f"replicateFrom[{index}].prefixes", source.prefixes, replication.covers)
    for index, entry in enumerate(access.pull_through_cache):
        yield from covered_items(f"pullThroughCache[{index}].prefixes", entry.prefixes, pull_through.covers)


def other_partition(partition: str, arn: str, region: str | None) -> Problem | None:
    """What is wrong with an ARN of another partition than the registry's; None while that is not known."""
    own = regions.PARTITIONS.get(region or "")
    if own in (None, partition):
        return None
    return Problem("", f"{shown(arn)} is in partition {partition}, this registry in {own}; accepted: an ARN of {own}")


def _too_long(access: RegistryAccess, region: str | None) -> Iterator[Problem]:
    registry = SOMEWHERE
    if region is not None:
        registry = Registry(regions.PARTITIONS.get(region, "aws"), region, SOMEWHERE.account)
    characters = len(document(access, registry).text)
    if characters > MAX_POLICY_CHARS:
        reason = f"has {characters} characters as JSON; ECR accepts up to {MAX_POLICY_CHARS}: name fewer prefixes"
        yield Problem("", f"{reason} or accounts")
