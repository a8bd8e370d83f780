"""All settings of one registry together."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ecr.problems import Problem
from ecr.registry import exclusions, policy, pull_through, replication, scanning, templates
from ecr.registry.account_settings import AccountSettings, RegistryPolicyScope
from ecr.registry.policy import RegistryAccess
from ecr.registry.pull_through import PullThroughCacheRule
from ecr.registry.replication import ReplicationRule
from ecr.registry.scanning import Scanning
from ecr.registry.templates import CreationTemplate

KEY = "container-registry:registry"
"""Where a stack file has them; the paths of problems go on from here."""


@dataclass(frozen=True, kw_only=True)
class RegistryConfig:
    """What is set for the registry of an account and Region; what is not named is left as it is.

    Attributes:
        scanning: the whole scanning configuration.
        replication: all replication rules.
        policy: all that the registry's policy grants.
        account_settings: switches of the account.
        pull_time_exclusions: ARNs of roles and users whose pulls are not counted.
        pull_through_cache: other registries cached in this one.
        creation_templates: how repositories look that ECR makes by itself.
    """

    scanning: Scanning | None = None
    replication: tuple[ReplicationRule, ...] = ()
    policy: RegistryAccess | None = None
    account_settings: AccountSettings = field(default_factory=AccountSettings)
    pull_time_exclusions: tuple[str, ...] = ()
    pull_through_cache: tuple[PullThroughCacheRule, ...] = ()
    creation_templates: tuple[CreationTemplate, ...] = ()

    @property
    def account_values(self) -> dict[str, str]:
        """ECR's names and values of the account settings to make; a policy brings its scope with it."""
        scope = {} if self.policy is None else {"REGISTRY_POLICY_SCOPE": RegistryPolicyScope.V2.value}
        return {**self.account_settings.values, **scope}


def problems(
    config: RegistryConfig, *, region: str | None = None, account: str | None = None, made: Collection[str] = ()
) -> Iterator[Problem]:
    """All that is wrong, with paths below `registry`.

    Args:
        config: what is to be set.
        region: the registry's own Region; None while it is not known, and then less can be told.
        account: likewise its account.
        made: prefixes of pull-through cache rules whose secrets the program makes.
    """
    if config == RegistryConfig():
        yield Problem("", "sets nothing; accepted: at least one setting, or no registry at all")
    if config.scanning is not None:
        yield from (problem.below("scanning") for problem in scanning.problems(config.scanning))
    yield from (problem.below("replication") for problem in _replication_problems(config, region, account))
    if config.policy is not None:
        found = policy.problems(config.policy, region=region, account=account)
        yield from (problem.below("policy") for problem in found)
    found = exclusions.problems(config.pull_time_exclusions, region=region)
    yield from (problem.below("pullTimeExclusions") for problem in found)
    found = pull_through.problems(config.pull_through_cache, region=region, account=account, made=made)
    yield from (problem.below("pullThroughCache") for problem in found)
    found = templates.problems(config.creation_templates, region=region, account=account)
    yield from (problem.below("creationTemplates") for problem in found)


def _replication_problems(config: RegistryConfig, region: str | None, account: str | None) -> Iterator[Problem]:
    found = [*replication.problems(config.replication, region=region, account=account)]
    yield from found or policy.destination_problems(config.replication, region=region, account=account)
