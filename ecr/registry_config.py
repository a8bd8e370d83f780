"""The `registry` section of a stack's configuration."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from ecr import creation_template_config, pull_through_config, regions
from ecr.access import names
from ecr.config_reader import Section
from ecr.registry import account_settings, exclusions, pull_through, replication, scanning, settings
from ecr.registry.account_settings import AccountSettings, BasicScanTypeVersion, BlobMounting, RegistryPolicyScope
from ecr.registry.policy import CacheAccess, RegistryAccess, ReplicationSource
from ecr.registry.replication import Destination, ReplicationRule
from ecr.registry.scanning import ScanFrequency, Scanning, ScanningRule, ScanType
from ecr.registry.settings import RegistryConfig

_KEY = "registry"
_SOURCE_RULE = f"{names.ACCOUNT_RULE}; or for all entries objects with account and prefixes"

Found = TypeVar("Found")
Choice = TypeVar("Choice", bound=StrEnum)


def read_registry(top: Section, *, region: str | None) -> RegistryConfig | None:
    """What a stack sets for its registry; None where it names nothing.

    Mistakes are noted in the section, and what is handed out then is of no use.

    Args:
        top: the whole configuration.
        region: the Region of the stack, None where the environment says it: then less can be refused by now.
    """
    section = top.section(_KEY)
    if section is None:
        return None
    before = section.mistakes
    section.refuse_nulls()
    read = RegistryConfig(
        scanning=_object(section, "scanning", _scanning),
        replication=_list(section, "replication", _rule),
        policy=_object(section, "policy", _policy),
        account_settings=_object(section, "accountSettings", _account_settings) or AccountSettings(),
        pull_time_exclusions=section.names("pullTimeExclusions", exclusions.is_principal, exclusions.PRINCIPAL_RULE),
        pull_through_cache=pull_through_config.read_pull_through(section),
        creation_templates=creation_template_config.read_templates(section, region=region),
    )
    section.finish()
    if section.mistakes == before:  # only values that were read well can contradict each other
        for problem in settings.problems(read, region=region):
            section.wrong(problem.path, problem.reason)
    return read


def _object(section: Section, key: str, read: Callable[[Section], Found | None]) -> Found | None:
    """The object under `key`, read; an empty one says nothing, and is a mistake."""
    before = section.mistakes
    found = section.section(key)
    if found is None:
        if section.has(key) and section.mistakes == before:
            section.wrong(key, "is empty; give it a value, or take the key out")
        return None
    return _read(found, read)


def _list(
    section: Section, key: str, read: Callable[[Section], Found | None], *, required: str | None = None
) -> tuple[Found, ...]:
    """The objects of the list under `key`, read; an empty list is a mistake."""
    return tuple(value for item in section.objects(key, required=required) if (value := _read(item, read)) is not None)


def _read(section: Section, read: Callable[[Section], Found | None]) -> Found | None:
    before = section.mistakes
    section.refuse_nulls()
    if section.mistakes > before:
        return None  # a key without a value would be told of as missing, too
    value = read(section)
    section.finish()
    return value


def _choice(section: Section, key: str, kind: type[Choice], rule: str, *, example: str) -> Choice | None:
    text = section.required_text(key, lambda value: value in set(kind), rule, example=example)
    return kind(text) if text else None


def _scanning(section: Section) -> Scanning | None:
    kind = _choice(section, "type", ScanType, "BASIC or ENHANCED", example="BASIC")
    rules = _list(section, "rules", _scanning_rule)
    return Scanning(kind, rules) if kind else None


def _scanning_rule(section: Section) -> ScanningRule | None:
    frequency = _choice(section, "frequency", ScanFrequency, scanning.FREQUENCY_RULE, example="SCAN_ON_PUSH")
    repositories = section.names("repositories", scanning.is_filter, scanning.FILTER_RULE, required=True)
    return ScanningRule(frequency, repositories) if frequency else None


def _rule(section: Section) -> ReplicationRule:
    return ReplicationRule(
        destinations=_list(
            section, "destinations", _destination, required="with a region and, if it is another, an account"
        ),
        prefixes=section.names("prefixes", replication.is_prefix, replication.PREFIX_RULE),
    )


def _destination(section: Section) -> Destination:
    return Destination(
        region=section.required_text("region", regions.is_region, regions.REGION_RULE, example="eu-west-1"),
        account=section.text("account", names.is_account, names.ACCOUNT_RULE),
    )


def _policy(section: Section) -> RegistryAccess:
    return RegistryAccess(
        replicate_from=_sources(section),
        pull_through_cache=_list(section, "pullThroughCache", _cache_access),
    )


def _sources(section: Section) -> tuple[ReplicationSource, ...]:
    """Either account IDs, or objects that name prefixes too."""
    key = "replicateFrom"
    before = section.mistakes
    items = section.items(key)
    if section.mistakes > before:
        return ()
    if any(isinstance(item, dict) for item in items):
        return _list(section, key, _source)
    return tuple(ReplicationSource(account) for account in section.names(key, names.is_account, _SOURCE_RULE))


def _source(section: Section) -> ReplicationSource:
    return ReplicationSource(
        account=section.required_text("account", names.is_account, names.ACCOUNT_RULE, example="012345678901"),
        prefixes=section.names("prefixes", replication.is_prefix, replication.PREFIX_RULE),
    )


def _cache_access(section: Section) -> CacheAccess:
    return CacheAccess(
        prefixes=section.names("prefixes", pull_through.is_prefix, pull_through.PREFIX_RULE, required=True),
        accounts=section.names("accounts", names.is_account, names.ACCOUNT_RULE),
        roles=section.names("roles", names.is_role_arn, names.ROLE_ARN_RULE),
    )


def _account_settings(section: Section) -> AccountSettings:
    rules = account_settings
    return AccountSettings(
        basic_scan_type_version=_optional(
            section, "basicScanTypeVersion", BasicScanTypeVersion, rules.BASIC_SCAN_TYPE_VERSION_RULE
        ),
        registry_policy_scope=_optional(
            section, "registryPolicyScope", RegistryPolicyScope, rules.REGISTRY_POLICY_SCOPE_RULE
        ),
        blob_mounting=_optional(section, "blobMounting", BlobMounting, "ENABLED or DISABLED"),
    )


def _optional(section: Section, key: str, kind: type[Choice], rule: str) -> Choice | None:
    text = section.text(key, lambda value: value in set(kind), rule)
    return kind(text) if text else None
