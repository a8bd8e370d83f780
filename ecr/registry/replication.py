"""Replication of a registry: which repositories are copied to which Regions and accounts when something is pushed.

Sources: ECR API reference, PutReplicationConfiguration, ReplicationRule, ReplicationDestination and RepositoryFilter
(bounds and patterns as in botocore 1.44.5); ECR user guide, "Private image replication" and "Amazon ECR service
quotas".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from ecr import regions
from ecr.access import names
from ecr.config_reader import shown
from ecr.problems import Problem, covered_items, refused, refused_items

# The quota is 25 by now (ReplicationConfiguration, rules), but the Terraform provider that pulumi-aws 7.51.1 stands on
# refuses more than 10 (internal/service/ecr/replication_configuration.go, MaxItems).
MAX_RULES = 10
MAX_DESTINATIONS = 25  # service quotas: "Unique destinations across all rules in a replication configuration"
MAX_PREFIXES = 100  # service quotas: "Filters per rule in a replication configuration"

# RepositoryFilter, filter.
_PREFIX = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*")
_PREFIX_LENGTHS = range(2, 257)
PREFIX_RULE = (
    "how names of repositories begin, such as prod/: 2 to 256 lower-case letters, digits, '.', '_', '-' and '/', "
    "without wildcards"
)

# User guide, "Considerations for private image replication".
_ONE_PARTITION = "ECR replicates within one"


def is_prefix(text: str) -> bool:
    """Whether ECR accepts `text` as the prefix of repositories to replicate."""
    return len(text) in _PREFIX_LENGTHS and _PREFIX.fullmatch(text) is not None


def covers(wider: str, prefix: str) -> bool:
    """Whether all repositories that begin with `prefix` begin with `wider`, too."""
    return prefix.startswith(wider)


@dataclass(frozen=True)
class Destination:
    """A registry that images are copied to.

    Attributes:
        region: its Region.
        account: its account; None for the source's own.
    """

    region: str
    account: str | None = None

    def __str__(self) -> str:
        return f"{self.region} in account {self.account}" if self.account else self.region


@dataclass(frozen=True)
class ReplicationRule:
    """Which repositories are copied where.

    Attributes:
        destinations: at least one.
        prefixes: how the names of the repositories begin; empty for all repositories.
    """

    destinations: tuple[Destination, ...]
    prefixes: tuple[str, ...] = ()


def problems(
    rules: Sequence[ReplicationRule], *, region: str | None = None, account: str | None = None
) -> Iterator[Problem]:
    """What ECR would refuse, and rules that get in each other's way.

    Args:
        rules: the whole configuration.
        region: the registry's own Region; None while it is not known, and then less can be told.
        account: likewise its account.
    """
    rules = [_with_account(rule, account) for rule in rules]
    too_many = [*_quota_problems(rules)]
    yield from too_many
    if too_many:  # each is compared with each of the others below
        return
    for index, rule in enumerate(rules):
        for problem in _rule_problems(rule, region=region, account=account):
            yield problem.below(f"[{index}]")
    if region is None:
        yield from _many_partitions(rules)
    yield from _overlaps(rules)


def _quota_problems(rules: Sequence[ReplicationRule]) -> Iterator[Problem]:
    if len(rules) > MAX_RULES:
        yield Problem("", f"has {len(rules)} rules; the provider accepts up to {MAX_RULES}")
        return
    unique = {destination for rule in rules for destination in rule.destinations}
    if len(unique) > MAX_DESTINATIONS:
        yield Problem(
            "", f"has {len(unique)} different destinations; ECR accepts up to {MAX_DESTINATIONS} in all rules"
        )
    for index, rule in enumerate(rules):
        if len(rule.prefixes) > MAX_PREFIXES:
            problem = f"has {len(rule.prefixes)} prefixes; ECR accepts up to {MAX_PREFIXES} in a rule"
            yield Problem(f"[{index}].prefixes", problem)


def _with_account(rule: ReplicationRule, account: str | None) -> ReplicationRule:
    """The rule with the registry's own account written out, where it is known."""
    found = tuple(replace(one, account=one.account or account) for one in rule.destinations)
    return replace(rule, destinations=found)


def _rule_problems(rule: ReplicationRule, *, region: str | None, account: str | None) -> Iterator[Problem]:
    if not rule.destinations:
        yield Problem("destinations", "is empty; accepted: at least one destination")
    seen: set[Destination] = set()
    for index, destination in enumerate(rule.destinations):
        for problem in _destination_problems(destination, region=region, account=account):
            yield problem.below(f"destinations[{index}]")
        if destination in seen:
            yield Problem(f"destinations[{index}]", f"{destination} stands in the list twice; take one out")
        seen.add(destination)
    yield from refused_items("prefixes", rule.prefixes, is_prefix, PREFIX_RULE)
    yield from covered_items("prefixes", rule.prefixes, covers)


def _destination_problems(destination: Destination, *, region: str | None, account: str | None) -> Iterator[Problem]:
    if not regions.is_region(destination.region):
        yield refused("region", destination.region, regions.REGION_RULE)
        return
    if destination.account is not None and not names.is_account(destination.account):
        yield refused("account", destination.account, names.ACCOUNT_RULE)
    if region == destination.region and destination.account == account:
        yield Problem("", f"is this very registry, {destination}; accepted: another Region, or another account")
    own, other = regions.PARTITIONS.get(region or ""), regions.PARTITIONS[destination.region]
    if own is not None and own != other:
        reason = f"{shown(destination.region)} is in partition {other}, this registry in {own}; {_ONE_PARTITION}"
        yield Problem("region", reason)


def _many_partitions(rules: Sequence[ReplicationRule]) -> Iterator[Problem]:
    """Whatever the registry's own Region is, all its destinations are in one partition."""
    first: str | None = None
    for index, rule in enumerate(rules):
        for place, destination in enumerate(rule.destinations):
            partition = regions.PARTITIONS.get(destination.region)
            first = first or partition
            if partition is not None and partition != first:
                reason = f"{shown(destination.region)} is in partition {partition}, others in {first}; {_ONE_PARTITION}"
                yield Problem(f"[{index}].destinations[{place}].region", reason)


def _overlaps(rules: Sequence[ReplicationRule]) -> Iterator[Problem]:
    """Pairs of rules that copy the same repositories to the same registry."""
    for (index, one), (later, other) in combinations(enumerate(rules), 2):
        shared = next((destination for destination in other.destinations if destination in one.destinations), None)
        if shared is None:
            continue
        for left, right in ((left, right) for left in one.prefixes or ("",) for right in other.prefixes or ("",)):
            if left.startswith(right) or right.startswith(left):
                what = max(left, right, key=len)
                both = f"repositories under {shown(what)}" if what else "all repositories"
                reason = f"copies {both} to {shared}, and so does rule [{index}]; accepted: one rule for each"
                yield Problem(f"[{later}]", reason)
                break
