"""`RegistrySettings`: what is set for the registry of an account and Region, of which each has one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components import arguments
from components.caller import Caller
from components.pull_through import UpstreamCredentials, register_pull_through
from ecr.access.documents import Json
from ecr.errors import InputErrors
from ecr.problems import Problem
from ecr.reference import Registry
from ecr.registry import policy, pull_through, settings
from ecr.registry.pull_through import PullThroughCacheRule
from ecr.registry.replication import ReplicationRule
from ecr.registry.scanning import Scanning
from ecr.registry.settings import RegistryConfig

_HUMP = re.compile(r"(?<=[a-z])[A-Z]")
_FOR = re.compile(r"\.for\b")
_OTHERS_NAMES = re.compile(r"(?=\.(?:tags|lifecycle)\b)")


@dataclass(frozen=True, kw_only=True)
class RegistrySettingsArgs:
    """What a `RegistrySettings` sets.

    Attributes:
        config: the settings; what it does not name is left as it is.
        credentials: prefix of a pull-through cache rule -> what a secret for its upstream is made of; rules that name a
            secret of their own need none.
        tags: AWS tags of what takes tags: roles, keys and secrets of the cache and the templates.
    """

    config: RegistryConfig
    credentials: Mapping[str, UpstreamCredentials] = field(default_factory=lambda: MappingProxyType({}))
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class RegistrySettings(pulumi.ComponentResource):
    """Scanning, replication, policy, switches and caches of a registry: once for each account and Region.

    ECR has one of each for a registry, so a second stack that sets the same overwrites what the first has set, and the
    first overwrites that again.
    What becomes of a setting that is taken out again stands in docs/decisions/0010-registry-settings.md.

    Attributes:
        registry_id: the account.
        region: its Region.
        replication_destination_policy: account -> Region -> the policy that a registry of another account must have for
            this one to replicate into it; empty where all destinations are in this account.
        cache_upstream_policy: account -> Region -> likewise, for this one to cache its images.

    Raises:
        InputErrors: for what ECR would refuse, with a line for each problem, before anything is registered.
        pulumi.RunError: for what can only be told once account and Region are known, in the preview already, such as a
            registry that replicates to itself; the children wait for that.
    """

    registry_id: pulumi.Output[str]
    region: pulumi.Output[str]
    replication_destination_policy: pulumi.Output[Mapping[str, Mapping[str, Json]]]
    cache_upstream_policy: pulumi.Output[Mapping[str, Mapping[str, Json]]]

    def __init__(self, name: str, args: RegistrySettingsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        config = args.config
        arguments.refuse(args, _problems(args))
        super().__init__("container-registry:index:RegistrySettings", name, {}, opts)
        caller = Caller.of(self)
        registry = pulumi.Output.all(caller.partition, caller.region, caller.account).apply(
            lambda known: _checked(args, Registry(*known))
        )
        # An output that fails where the check does keeps the children from being registered.
        children = pulumi.ResourceOptions(parent=self, depends_on=registry.apply(lambda _: []))
        if config.scanning is not None:
            _register_scanning(name, config.scanning, children)
        if config.replication:
            _register_replication(name, config.replication, registry, children)
        _register_switches(name, config, children)
        if config.policy is not None:
            access = config.policy
            text = registry.apply(lambda found: policy.document(access, found).text)
            aws.ecr.RegistryPolicy(f"{name}-policy", policy=text, opts=children)
        register_pull_through(
            name,
            config.pull_through_cache,
            config.creation_templates,
            tags=args.tags,
            parent=self,
            registry=registry,
            credentials=args.credentials,
        )
        self.registry_id = registry.apply(lambda found: found.account)
        self.region = registry.apply(lambda found: found.region)
        self.replication_destination_policy = registry.apply(lambda found: _for_destinations(config.replication, found))
        self.cache_upstream_policy = registry.apply(lambda found: _for_upstreams(config.pull_through_cache, found))
        self.register_outputs(
            {
                "registryId": self.registry_id,
                "region": self.region,
                "replicationDestinationPolicy": self.replication_destination_policy,
                "cacheUpstreamPolicy": self.cache_upstream_policy,
            }
        )


def _problems(
    args: RegistrySettingsArgs, *, region: str | None = None, account: str | None = None
) -> Iterator[Problem]:
    """What is wrong with the settings; more once it is known where the registry is."""
    for problem in settings.problems(args.config, region=region, account=account, made=args.credentials):
        yield replace(problem, path=_argument(problem.path)).below("config")


def _argument(path: str) -> str:
    """Where `RegistryConfig` has what stands at `path` in a stack file; keys of tags and of lifecycle rules stay."""
    ours, *theirs = _OTHERS_NAMES.split(path, maxsplit=1)
    ours = _HUMP.sub(lambda hump: f"_{hump[0].lower()}", ours)
    ours = _FOR.sub(".applied_for", ours)
    return "".join((ours, *theirs)).replace(".lifecycle[", ".lifecycle.rules[")


def _checked(args: RegistrySettingsArgs, registry: Registry) -> Registry:
    """The registry that the provider leads to, once the settings have been checked against it."""
    try:
        arguments.refuse(args, _problems(args, region=registry.region, account=registry.account))
    except InputErrors as errors:
        raise pulumi.RunError(str(errors)) from None
    return registry


def _register_scanning(name: str, scanning: Scanning, opts: pulumi.ResourceOptions) -> None:
    aws.ecr.RegistryScanningConfiguration(
        f"{name}-scanning",
        scan_type=scanning.type.value,
        rules=[
            {
                "scan_frequency": rule.frequency.value,
                "repository_filters": [{"filter": text, "filter_type": "WILDCARD"} for text in rule.repositories],
            }
            for rule in scanning.rules
        ],
        opts=opts,
    )


def _register_replication(
    name: str,
    rules: Sequence[ReplicationRule],
    registry: pulumi.Output[Registry],
    opts: pulumi.ResourceOptions,
) -> None:
    own = registry.apply(lambda found: found.account)
    aws.ecr.ReplicationConfiguration(
        f"{name}-replication",
        replication_configuration={"rules": [_replication_rule(rule, own) for rule in rules]},
        opts=opts,
    )


def _replication_rule(
    rule: ReplicationRule, own: pulumi.Output[str]
) -> aws.ecr.ReplicationConfigurationReplicationConfigurationRuleArgsDict:
    written: aws.ecr.ReplicationConfigurationReplicationConfigurationRuleArgsDict = {
        "destinations": [{"region": one.region, "registry_id": one.account or own} for one in rule.destinations]
    }
    if rule.prefixes:
        written["repository_filters"] = [{"filter": text, "filter_type": "PREFIX_MATCH"} for text in rule.prefixes]
    return written


def _register_switches(name: str, config: RegistryConfig, opts: pulumi.ResourceOptions) -> None:
    for setting, value in config.account_values.items():
        child = f"{name}-{setting.lower().replace('_', '-')}"
        aws.ecr.AccountSetting(child, name=setting, value=value, opts=opts)
    for principal in config.pull_time_exclusions:
        # arn:PARTITION:iam::ACCOUNT:role/NAME; its place in the list would change as others come and go.
        child = f"{name}-exclusion-{principal.partition(':iam::')[2].replace(':', '-')}"
        aws.ecr.PullTimeUpdateExclusion(child, principal_arn=principal, opts=opts)


def _for_destinations(rules: Sequence[ReplicationRule], source: Registry) -> dict[str, Mapping[str, Json]]:
    policies = policy.destination_policies(rules, source)
    return {account: {region: one.document for region, one in regions.items()} for account, regions in policies.items()}


def _for_upstreams(rules: Sequence[PullThroughCacheRule], own: Registry) -> dict[str, dict[str, Json]]:
    policies = pull_through.upstream_policies(rules, account=own.account, partition=own.partition)
    found: dict[str, dict[str, Json]] = {}
    for host, one in policies.items():
        found.setdefault(host.account, {})[host.region] = one.document
    return found
