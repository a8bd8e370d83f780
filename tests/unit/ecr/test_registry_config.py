"""The `registry` section of a stack file, read and refused; its caches and templates have tests of their own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from ecr.registry.account_settings import AccountSettings, BasicScanTypeVersion, BlobMounting, RegistryPolicyScope
from ecr.registry.policy import CacheAccess, RegistryAccess, ReplicationSource
from ecr.registry.replication import Destination, ReplicationRule
from ecr.registry.scanning import ScanFrequency, Scanning, ScanningRule, ScanType
from ecr.registry.settings import RegistryConfig
from ecr.registry_config import read_registry
from tests.unit.ecr import stack_files
from tests.unit.ecr.registry.mistakes import BAD, HOME, OTHER, ROLE, replication, rule

KEY = "container-registry:registry"


def read(value: object, *, region: str | None = HOME) -> RegistryConfig | None:
    return stack_files.read("registry", value, lambda top: read_registry(top, region=region))


def mistakes(value: object, *, region: str | None = HOME) -> list[str]:
    """The lines that a user reads."""
    return stack_files.mistakes(lambda: read(value, region=region))


# ---------------------------------------------------------------------------------------------------------------------
# Good settings
# ---------------------------------------------------------------------------------------------------------------------

GOOD = [
    pytest.param({"scanning": {"type": "BASIC"}}, RegistryConfig(scanning=Scanning(ScanType.BASIC)), id="basic"),
    pytest.param(
        {
            "scanning": {
                "type": "ENHANCED",
                "rules": [
                    {"frequency": "CONTINUOUS_SCAN", "repositories": ["prod/*"]},
                    {"frequency": "SCAN_ON_PUSH", "repositories": ["*"]},
                ],
            }
        },
        RegistryConfig(
            scanning=Scanning(
                ScanType.ENHANCED,
                (
                    ScanningRule(ScanFrequency.CONTINUOUS_SCAN, ("prod/*",)),
                    ScanningRule(ScanFrequency.SCAN_ON_PUSH, ("*",)),
                ),
            )
        ),
        id="enhanced",
    ),
    pytest.param(
        {
            "replication": [
                {"destinations": [{"region": "eu-central-1"}, {"region": HOME, "account": OTHER}]},
                {"destinations": [{"region": "us-east-1"}], "prefixes": ["prod/", "base"]},
            ]
        },
        RegistryConfig(
            replication=(
                ReplicationRule((Destination("eu-central-1"), Destination(HOME, OTHER))),
                ReplicationRule((Destination("us-east-1"),), ("prod/", "base")),
            )
        ),
        id="replication",
    ),
    pytest.param(
        {"policy": {"replicateFrom": [OTHER, "033333333333"]}},
        RegistryConfig(
            policy=RegistryAccess(replicate_from=(ReplicationSource(OTHER), ReplicationSource("033333333333")))
        ),
        id="replicate-from-accounts",
    ),
    pytest.param(
        {"policy": {"replicateFrom": [{"account": OTHER, "prefixes": ["prod/"]}, {"account": "333333333333"}]}},
        RegistryConfig(
            policy=RegistryAccess(
                replicate_from=(ReplicationSource(OTHER, ("prod/",)), ReplicationSource("333333333333"))
            )
        ),
        id="replicate-from-accounts-with-prefixes",
    ),
    pytest.param(
        {"policy": {"pullThroughCache": [{"prefixes": ["docker-hub"], "accounts": [OTHER], "roles": [ROLE]}]}},
        RegistryConfig(policy=RegistryAccess(pull_through_cache=(CacheAccess(("docker-hub",), (OTHER,), (ROLE,)),))),
        id="who-imports",
    ),
    pytest.param(
        {
            "accountSettings": {
                "blobMounting": "ENABLED",
                "basicScanTypeVersion": "AWS_NATIVE",
                "registryPolicyScope": "V2",
            }
        },
        RegistryConfig(
            account_settings=AccountSettings(
                basic_scan_type_version=BasicScanTypeVersion.AWS_NATIVE,
                registry_policy_scope=RegistryPolicyScope.V2,
                blob_mounting=BlobMounting.ENABLED,
            )
        ),
        id="account-settings",
    ),
    pytest.param({"pullTimeExclusions": [ROLE]}, RegistryConfig(pull_time_exclusions=(ROLE,)), id="exclusions"),
]


@pytest.mark.parametrize(("value", "expected"), GOOD)
def test_good_settings_are_read(value: object, expected: RegistryConfig) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(("value", "expected"), GOOD)
def test_pulumis_text_of_them_means_the_same(value: object, expected: RegistryConfig) -> None:
    assert read(json.dumps(value)) == expected


@pytest.mark.parametrize("value", [None, {}, "{}"], ids=["null", "empty", "empty-text"])
def test_a_stack_that_names_nothing_sets_nothing(value: object) -> None:
    assert read(value) is None


def test_caches_and_templates_are_read_from_the_same_section() -> None:
    found = read(
        {
            "pullThroughCache": [{"prefix": "ecr-public", "upstream": "ecr-public"}],
            "creationTemplates": [{"prefix": "ecr-public", "for": ["pullThroughCache"]}],
        }
    )
    assert found is not None
    assert [rule.prefix for rule in found.pull_through_cache] == ["ecr-public"]
    assert [template.prefix for template in found.creation_templates] == ["ecr-public"]


# ---------------------------------------------------------------------------------------------------------------------
# Bad settings
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "key", "said"), BAD)
def test_a_mistake_is_one_line_that_names_the_key_and_what_is_accepted(
    value: object, key: str, said: tuple[str, ...]
) -> None:
    (line,) = mistakes(value)
    assert line.startswith(f"{KEY}{key}: ")
    assert all(part in line for part in said), line


def test_the_mistakes_of_all_parts_are_found_in_one_reading() -> None:
    value = {
        "scanning": {"type": "FULL", "rules": [{"frequency": "DAILY"}]},
        "replication": [{"destinations": [{"region": "eu"}, {"region": "eu-central-1", "account": 1}]}],
        "policy": {"replicateFrom": ["1"], "pullThroughCache": [{}]},
        "accountSettings": {"blobMounting": "on"},
        "pullTimeExclusions": ["me"],
        "other": 1,
    }
    assert [line.removeprefix(KEY).split(": ")[0] for line in mistakes(value)] == [
        ".scanning.type",
        ".scanning.rules[0].frequency",
        ".scanning.rules[0].repositories",
        ".replication[0].destinations[0].region",
        ".replication[0].destinations[1].account",
        ".policy.replicateFrom[0]",
        ".policy.pullThroughCache[0].prefixes",
        ".accountSettings.blobMounting",
        ".pullTimeExclusions[0]",
        ".other",
    ]


def test_what_the_region_would_tell_is_let_through_without_it() -> None:
    value = replication(rule({"region": HOME}))
    found = read(value, region=None)
    assert found is not None
    assert found.replication == (ReplicationRule((Destination(HOME),)),)


KEYS = [
    *("scanning", "type", "rules", "frequency", "repositories", "replication", "destinations", "region", "account"),
    *("prefixes", "policy", "replicateFrom", "pullThroughCache", "creationTemplates", "prefix", "upstream", "for"),
    *("lifecycle", "access", "accountSettings", "pullTimeExclusions", "x"),
]


@given(
    stack_files.anything(
        KEYS, "BASIC", "ENHANCED", "SCAN_ON_PUSH", "*", "eu-west-1", "222222222222", "quay", "replication"
    )
)
def test_whatever_stands_there_is_read_or_refused(values: dict[str, object]) -> None:
    stack_files.assert_read_or_refused("registry", lambda: read(values))
