"""All settings of a registry together."""

from __future__ import annotations

import pytest

from ecr.lifecycle.policy import LifecyclePolicy
from ecr.registry.account_settings import AccountSettings, BlobMounting, RegistryPolicyScope
from ecr.registry.policy import RegistryAccess, ReplicationSource
from ecr.registry.pull_through import PullThroughCacheRule
from ecr.registry.replication import Destination, ReplicationRule
from ecr.registry.scanning import Scanning, ScanType
from ecr.registry.settings import RegistryConfig, problems
from ecr.registry.templates import AppliedFor, CreationTemplate
from ecr.registry.upstreams import Upstream

ACCESS = RegistryAccess(replicate_from=(ReplicationSource("222222222222"),))
ROLE = "arn:aws:iam::111111111111:role/scanner"
CACHE = PullThroughCacheRule(prefix="ecr-public", upstream=Upstream.parse("ecr-public"))
TEMPLATE = CreationTemplate(prefix="ecr-public", applied_for=(AppliedFor.PULL_THROUGH_CACHE,))


def test_one_setting_is_enough() -> None:
    for config in (
        RegistryConfig(scanning=Scanning(ScanType.BASIC)),
        RegistryConfig(replication=(ReplicationRule((Destination("us-east-1"),)),)),
        RegistryConfig(policy=ACCESS),
        RegistryConfig(account_settings=AccountSettings(blob_mounting=BlobMounting.DISABLED)),
        RegistryConfig(pull_time_exclusions=(ROLE,)),
        RegistryConfig(pull_through_cache=(CACHE,)),
        RegistryConfig(creation_templates=(TEMPLATE,)),
    ):
        assert list(problems(config)) == []
        assert list(problems(config, region="eu-west-1", account="111111111111")) == []


BAD = [
    pytest.param(
        RegistryConfig(
            replication=(
                ReplicationRule(
                    (Destination("us-east-1", "222222222222"),), tuple(f"{n:03}{'a' * 99}" for n in range(99))
                ),
            )
        ),
        ("replication", "in account 222222222222, us-east-1; ECR accepts up to 10240"),
        id="replication-elsewhere",
    ),
    pytest.param(RegistryConfig(), ("", "sets nothing"), id="nothing"),
    pytest.param(RegistryConfig(scanning=Scanning(ScanType.ENHANCED)), ("scanning.rules", "is missing"), id="scanning"),
    pytest.param(
        RegistryConfig(replication=(ReplicationRule((Destination("eu-west-1"),)),)),
        ("replication[0].destinations[0]", "this very registry"),
        id="replication",
    ),
    pytest.param(
        RegistryConfig(policy=RegistryAccess(replicate_from=(ReplicationSource("111111111111"),))),
        ("policy.replicateFrom[0]", "this very account"),
        id="policy",
    ),
    pytest.param(RegistryConfig(policy=RegistryAccess()), ("policy", "grants nothing"), id="empty-policy"),
    pytest.param(
        RegistryConfig(pull_time_exclusions=(ROLE.replace("aws", "aws-cn"),)),
        ("pullTimeExclusions[0]", "partition aws-cn"),
        id="exclusions",
    ),
    pytest.param(
        RegistryConfig(pull_through_cache=(CACHE, CACHE)), ("pullThroughCache[1].prefix", "another rule"), id="caches"
    ),
    pytest.param(
        RegistryConfig(creation_templates=(TEMPLATE, TEMPLATE)),
        ("creationTemplates[1].prefix", "another template"),
        id="templates",
    ),
    pytest.param(
        RegistryConfig(
            creation_templates=(
                CreationTemplate(prefix="a", applied_for=(AppliedFor.REPLICATION,), lifecycle=LifecyclePolicy(())),
            )
        ),
        ("creationTemplates[0].lifecycle", "characters"),
        id="lifecycle-of-a-template",
    ),
]


@pytest.mark.parametrize(("config", "expected"), BAD)
def test_a_problem_of_each_part_is_found_under_its_key(config: RegistryConfig, expected: tuple[str, str]) -> None:
    path, reason = expected
    first = next(iter(problems(config, region="eu-west-1", account="111111111111")))
    assert first.path == path
    assert reason in first.reason


def test_a_policy_brings_the_scope_that_it_needs() -> None:
    assert RegistryConfig(policy=ACCESS).account_values == {"REGISTRY_POLICY_SCOPE": "V2"}
    assert RegistryConfig().account_values == {}


def test_a_scope_that_is_named_stands_once() -> None:
    settings = AccountSettings(registry_policy_scope=RegistryPolicyScope.V2, blob_mounting=BlobMounting.ENABLED)
    assert RegistryConfig(policy=ACCESS, account_settings=settings).account_values == {
        "BLOB_MOUNTING": "ENABLED",
        "REGISTRY_POLICY_SCOPE": "V2",
    }
