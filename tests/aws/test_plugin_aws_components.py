"""What `RegistrySettings` registers, given to the `aws` stand-in: the emulator of the local cloud has no such calls."""

from __future__ import annotations

import boto3
import pytest

from components.pull_through import UpstreamCredentials
from components.registry import RegistrySettings, RegistrySettingsArgs
from ecr.registry.account_settings import AccountSettings, BlobMounting, RegistryPolicyScope
from ecr.registry.policy import RegistryAccess, ReplicationSource
from ecr.registry.pull_through import PullThroughCacheRule
from ecr.registry.replication import Destination, ReplicationRule
from ecr.registry.scanning import ScanFrequency, Scanning, ScanningRule, ScanType
from ecr.registry.settings import RegistryConfig
from ecr.registry.templates import AppliedFor, CreationTemplate
from ecr.registry.upstreams import Upstream
from ecr.repository import Encryption, EncryptionType
from local.plugins.values import Props, plain_map, wrap
from tests.aws.plugin_engine import Engine
from tests.unit.recording import Recording, record

pytestmark = pytest.mark.usefixtures("moto")

OTHER = "222222222222"
CONFIG = RegistryConfig(
    scanning=Scanning(
        ScanType.ENHANCED,
        (ScanningRule(ScanFrequency.CONTINUOUS_SCAN, ("prod/*",)), ScanningRule(ScanFrequency.SCAN_ON_PUSH, ("*",))),
    ),
    replication=(ReplicationRule((Destination("eu-west-1"), Destination("eu-west-2", OTHER)), ("prod/",)),),
    policy=RegistryAccess(replicate_from=(ReplicationSource(OTHER, ("prod/",)),)),
    account_settings=AccountSettings(registry_policy_scope=RegistryPolicyScope.V2, blob_mounting=BlobMounting.ENABLED),
    pull_time_exclusions=("arn:aws:iam::123456789012:role/scanner",),
    pull_through_cache=(PullThroughCacheRule(prefix="docker-hub", upstream=Upstream.parse("docker-hub")),),
    creation_templates=(
        CreationTemplate(
            prefix="docker-hub",
            applied_for=(AppliedFor.PULL_THROUGH_CACHE,),
            description="caches",
            encryption=Encryption(EncryptionType.KMS),
            tags={"team": "shop"},
        ),
    ),
)
BY_MOTO = (
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
    "aws:ecr/replicationConfiguration:ReplicationConfiguration",
    "aws:ecr/registryPolicy:RegistryPolicy",
    "aws:secretsmanager/secret:Secret",
    "aws:kms/key:Key",
    "aws:iam/role:Role",
)
"""Of the types that are registered, those that moto can make without another one."""


@pytest.fixture(scope="module")
def registered() -> Recording:
    credentials = {"docker-hub": UpstreamCredentials(username="ann", access_token=f"made-up-{'token'}")}

    def program() -> None:
        RegistrySettings(
            "registry", RegistrySettingsArgs(config=CONFIG, credentials=credentials, tags={"team": "shop"})
        )

    return record(program)


def test_the_stand_in_takes_every_property_of_every_child(registered: Recording) -> None:
    children = [one for one in registered.registrations if one.type.startswith("aws:")]
    assert len({one.type for one in children}) == 12
    for child in children:
        inputs: Props = dict(child.inputs)  # type: ignore[arg-type]
        if child.type == "aws:iam/rolePolicy:RolePolicy":
            inputs["role"] = "made-up"  # the mocks make up no names of roles
        Engine(child.type).checked(inputs)


@pytest.mark.parametrize("token", BY_MOTO)
def test_what_moto_has_is_made_and_then_the_same(registered: Recording, token: str) -> None:
    (child, *_) = registered.of_type(token)
    inputs: Props = dict(child.inputs)  # type: ignore[arg-type]
    engine = Engine(token)
    engine.create(inputs)
    assert not engine.diff(inputs).changes
    assert plain_map(engine.read().inputs) == plain_map(engine.inputs)


def test_scanning_replication_and_policy_reach_the_registry(registered: Recording) -> None:
    for token in BY_MOTO[:3]:
        child = registered.only(token)
        Engine(token).create({key: wrap(value) for key, value in child.inputs.items()})  # type: ignore[arg-type]
    ecr = boto3.client("ecr", region_name="us-east-1")
    scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    assert scanning["scanType"] == "ENHANCED"
    assert [rule["scanFrequency"] for rule in scanning["rules"]] == ["CONTINUOUS_SCAN", "SCAN_ON_PUSH"]
    (rule,) = ecr.describe_registry()["replicationConfiguration"]["rules"]
    assert [one["registryId"] for one in rule["destinations"]] == ["123456789012", OTHER]
    assert OTHER in ecr.get_registry_policy()["policyText"]
