"""`RegistrySettings` against mocks: what is registered, and what is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pulumi
import pytest

from components.pull_through import UpstreamCredentials
from components.registry import RegistrySettings, RegistrySettingsArgs
from ecr.errors import InputErrors
from ecr.lifecycle.policy import LifecyclePolicy
from ecr.lifecycle.rules import DEFAULT_POLICY
from ecr.reference import Registry
from ecr.registry import policy
from ecr.registry.account_settings import AccountSettings, BasicScanTypeVersion, BlobMounting, RegistryPolicyScope
from ecr.registry.policy import CacheAccess, RegistryAccess, ReplicationSource
from ecr.registry.pull_through import MAKE, PullThroughCacheRule
from ecr.registry.replication import Destination, ReplicationRule
from ecr.registry.scanning import ScanFrequency, Scanning, ScanningRule, ScanType
from ecr.registry.settings import RegistryConfig
from ecr.registry.templates import AppliedFor, CreationTemplate
from ecr.registry.upstreams import Upstream
from tests.unit import recording
from tests.unit.recording import ACCOUNT, REGION, Recording, mock_arn, record

COMPONENT = "container-registry:index:RegistrySettings"
SCANNING = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
REPLICATION = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
POLICY = "aws:ecr/registryPolicy:RegistryPolicy"
SETTING = "aws:ecr/accountSetting:AccountSetting"
EXCLUSION = "aws:ecr/pullTimeUpdateExclusion:PullTimeUpdateExclusion"
CACHE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
SECRET = "aws:secretsmanager/secret:Secret"
TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"

OTHER = "222222222222"
SCANNER = f"arn:aws:iam::{ACCOUNT}:role/team/scanner"
HERE = Registry("aws", REGION, ACCOUNT)

WHOLE = RegistryConfig(
    scanning=Scanning(
        ScanType.ENHANCED,
        (
            ScanningRule(ScanFrequency.CONTINUOUS_SCAN, ("prod/*", "base")),
            ScanningRule(ScanFrequency.SCAN_ON_PUSH, ("*",)),
        ),
    ),
    replication=(
        ReplicationRule((Destination("eu-west-1"), Destination(REGION, OTHER)), ("prod/",)),
        ReplicationRule((Destination("us-east-1"),)),
    ),
    policy=RegistryAccess(
        replicate_from=(ReplicationSource("333333333333", ("prod/",)),),
        pull_through_cache=(CacheAccess(("ecr-public",), roles=(SCANNER,)),),
    ),
    account_settings=AccountSettings(
        basic_scan_type_version=BasicScanTypeVersion.AWS_NATIVE,
        registry_policy_scope=RegistryPolicyScope.V2,
        blob_mounting=BlobMounting.ENABLED,
    ),
    pull_time_exclusions=(SCANNER, f"arn:aws:iam::{OTHER}:user/trivy"),
    pull_through_cache=(PullThroughCacheRule(prefix="ecr-public", upstream=Upstream.parse("ecr-public")),),
    creation_templates=(CreationTemplate(prefix="ecr-public", applied_for=(AppliedFor.PULL_THROUGH_CACHE,)),),
)


def deployed(
    config: RegistryConfig = WHOLE, *, preview: bool = False, opts: pulumi.ResourceOptions | None = None
) -> Recording:
    def program() -> None:
        RegistrySettings("registry", RegistrySettingsArgs(config=config), opts)

    return record(program, preview=preview)


def test_scanning_reaches_ecr_with_its_rules() -> None:
    config = replace(RegistryConfig(), scanning=WHOLE.scanning)
    assert deployed(config).only(SCANNING).inputs == {
        "scanType": "ENHANCED",
        "rules": [
            {
                "scanFrequency": "CONTINUOUS_SCAN",
                "repositoryFilters": [
                    {"filter": "prod/*", "filterType": "WILDCARD"},
                    {"filter": "base", "filterType": "WILDCARD"},
                ],
            },
            {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]},
        ],
    }


def test_basic_scanning_needs_no_rules() -> None:
    config = RegistryConfig(scanning=Scanning(ScanType.BASIC))
    assert deployed(config).only(SCANNING).inputs == {"scanType": "BASIC", "rules": []}


def test_replication_reaches_ecr_with_the_own_account_written_out() -> None:
    config = RegistryConfig(replication=WHOLE.replication)
    assert deployed(config).only(REPLICATION).inputs == {
        "replicationConfiguration": {
            "rules": [
                {
                    "destinations": [
                        {"region": "eu-west-1", "registryId": ACCOUNT},
                        {"region": REGION, "registryId": OTHER},
                    ],
                    "repositoryFilters": [{"filter": "prod/", "filterType": "PREFIX_MATCH"}],
                },
                {"destinations": [{"region": "us-east-1", "registryId": ACCOUNT}]},
            ]
        }
    }


def test_the_policy_is_that_of_this_registry() -> None:
    assert WHOLE.policy is not None
    registration = deployed(RegistryConfig(policy=WHOLE.policy)).only(POLICY)
    assert json.loads(str(registration.inputs["policy"])) == policy.document(WHOLE.policy, HERE).document


def test_a_policy_comes_with_its_scope() -> None:
    registration = deployed(RegistryConfig(policy=WHOLE.policy)).only(SETTING)
    assert registration.name == "registry-registry-policy-scope"
    assert registration.inputs == {"name": "REGISTRY_POLICY_SCOPE", "value": "V2"}


def test_each_switch_is_a_resource_of_its_own() -> None:
    config = RegistryConfig(account_settings=WHOLE.account_settings)
    assert {one.name: one.inputs for one in deployed(config).of_type(SETTING)} == {
        "registry-basic-scan-type-version": {"name": "BASIC_SCAN_TYPE_VERSION", "value": "AWS_NATIVE"},
        "registry-blob-mounting": {"name": "BLOB_MOUNTING", "value": "ENABLED"},
        "registry-registry-policy-scope": {"name": "REGISTRY_POLICY_SCOPE", "value": "V2"},
    }


def test_an_excluded_principal_keeps_its_name_when_others_come_and_go() -> None:
    first, second = WHOLE.pull_time_exclusions
    both = deployed(RegistryConfig(pull_time_exclusions=(first, second)))
    assert {one.name: one.inputs for one in both.of_type(EXCLUSION)} == {
        f"registry-exclusion-{ACCOUNT}-role/team/scanner": {"principalArn": SCANNER},
        f"registry-exclusion-{OTHER}-user/trivy": {"principalArn": second},
    }
    assert deployed(RegistryConfig(pull_time_exclusions=(second,))).names < both.names


ALONE = [
    pytest.param(RegistryConfig(scanning=WHOLE.scanning), {SCANNING}, id="scanning"),
    pytest.param(RegistryConfig(replication=WHOLE.replication), {REPLICATION}, id="replication"),
    pytest.param(RegistryConfig(policy=WHOLE.policy), {POLICY, SETTING}, id="policy"),
    pytest.param(RegistryConfig(account_settings=WHOLE.account_settings), {SETTING}, id="account-settings"),
    pytest.param(RegistryConfig(pull_time_exclusions=WHOLE.pull_time_exclusions), {EXCLUSION}, id="exclusions"),
    pytest.param(RegistryConfig(pull_through_cache=WHOLE.pull_through_cache), {CACHE}, id="caches"),
    pytest.param(RegistryConfig(creation_templates=WHOLE.creation_templates), {TEMPLATE}, id="templates"),
]


@pytest.mark.parametrize(("config", "types"), ALONE)
def test_what_is_not_named_is_left_alone(config: RegistryConfig, types: set[str]) -> None:
    assert {registration.type for registration in deployed(config).registrations} == {COMPONENT, *types}


def test_children_hang_below_the_component_under_names_that_are_a_contract() -> None:
    found = deployed()
    assert found.names >= {
        (COMPONENT, "registry"),
        (SCANNING, "registry-scanning"),
        (REPLICATION, "registry-replication"),
        (POLICY, "registry-policy"),
        (SETTING, "registry-basic-scan-type-version"),
        (SETTING, "registry-blob-mounting"),
        (SETTING, "registry-registry-policy-scope"),
        (EXCLUSION, f"registry-exclusion-{ACCOUNT}-role/team/scanner"),
        (EXCLUSION, f"registry-exclusion-{OTHER}-user/trivy"),
    }
    assert {child.parent for child in found.registrations if child.type != COMPONENT} == {"registry"}
    assert all(child.name.startswith("registry-") for child in found.registrations if child.type != COMPONENT)


def test_a_preview_registers_what_an_update_registers() -> None:
    assert deployed(preview=True).names == deployed().names


def test_protection_reaches_every_child() -> None:
    found = deployed(opts=pulumi.ResourceOptions(protect=True))
    assert {registration.protect for registration in found.registrations} == {True}


def test_tags_reach_what_takes_them() -> None:
    template = CreationTemplate(prefix="dev", applied_for=(AppliedFor.REPLICATION,), tags={"team": "shop"})

    def program() -> None:
        config = RegistryConfig(creation_templates=(template,))
        RegistrySettings("registry", RegistrySettingsArgs(config=config, tags={"stack": "dev"}))

    (role,) = record(program).of_type("aws:iam/role:Role")
    assert role.inputs["tags"] == {"stack": "dev"}


def test_credentials_become_the_secret_of_a_cache() -> None:
    hub = PullThroughCacheRule(prefix="hub", upstream=Upstream.parse("docker-hub"))
    password = f"made-up-{'token'}"

    def program() -> None:
        credentials = {"hub": UpstreamCredentials(username="acme", access_token=password)}
        config = RegistryConfig(pull_through_cache=(hub,))
        RegistrySettings("registry", RegistrySettingsArgs(config=config, credentials=credentials))

    found = record(program)
    assert found.only(CACHE).inputs["credentialArn"] == mock_arn(SECRET, found.only(SECRET).name)


def test_outputs_say_which_registry_it_is_and_what_other_accounts_need() -> None:
    needed = policy.destination_policies(WHOLE.replication, HERE)[OTHER][REGION]
    assert deployed().component_outputs("registry") == {
        "registryId": ACCOUNT,
        "region": REGION,
        "replicationDestinationPolicy": {OTHER: {REGION: needed.document}},
        "cacheUpstreamPolicy": {},
    }
    assert needed.document["Statement"] == [
        {
            "Sid": f"ReplicateFrom{ACCOUNT}",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
            "Resource": f"arn:aws:ecr:{REGION}:{OTHER}:repository/prod/*",
        }
    ]


def test_without_other_accounts_there_is_no_policy_to_hand_over() -> None:
    config = RegistryConfig(replication=(ReplicationRule((Destination("eu-west-1"),)),))
    assert deployed(config).component_outputs("registry")["replicationDestinationPolicy"] == {}


def test_what_the_registry_of_another_account_must_allow_a_cache_is_an_output() -> None:
    upstream = Upstream.parse(f"{OTHER}.dkr.ecr.eu-west-1.amazonaws.com")
    rule = PullThroughCacheRule(prefix="shared", upstream=upstream, role=MAKE, upstream_prefix="team-a")
    told = deployed(RegistryConfig(pull_through_cache=(rule,))).component_outputs("registry")["cacheUpstreamPolicy"]
    assert isinstance(told, dict)
    assert list(told) == [OTHER]
    (statement,) = told[OTHER]["eu-west-1"]["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert statement["Resource"] == f"arn:aws:ecr:eu-west-1:{OTHER}:repository/team-a/*"


BAD = [
    pytest.param(RegistryConfig(), "config: sets nothing", id="nothing"),
    pytest.param(
        RegistryConfig(scanning=Scanning(ScanType.ENHANCED)),
        "config.scanning.rules: is missing",
        id="scanning",
    ),
    pytest.param(
        RegistryConfig(replication=(ReplicationRule(()),)),
        "config.replication[0].destinations: is empty",
        id="replication",
    ),
    pytest.param(
        RegistryConfig(policy=RegistryAccess(replicate_from=(ReplicationSource("1"),))),
        'config.policy.replicate_from[0].account: "1" is not accepted',
        id="policy",
    ),
    pytest.param(
        RegistryConfig(pull_time_exclusions=("*",)),
        'config.pull_time_exclusions[0]: "*" is not accepted',
        id="exclusion",
    ),
]


@pytest.mark.parametrize(("config", "start"), BAD)
def test_bad_settings_are_refused_before_anything_is_registered(config: RegistryConfig, start: str) -> None:
    def program() -> None:
        with pytest.raises(InputErrors) as raised:
            RegistrySettings("registry", RegistrySettingsArgs(config=config))
        assert str(raised.value).startswith(start)

    assert record(program).registrations == []


TEAM_TAGS = CreationTemplate(prefix="dev", applied_for=(AppliedFor.REPLICATION,), tags={"costCenter": "x" * 257})
TWICE = LifecyclePolicy(DEFAULT_POLICY.rules * 2)
IN_OTHER_WORDS = [
    pytest.param(
        replace(RegistryConfig(), creation_templates=(replace(TEAM_TAGS, tags={}, applied_for=()),)),
        "config.creation_templates[0].applied_for: is empty",
        id="what a template is for",
    ),
    pytest.param(
        replace(
            RegistryConfig(),
            creation_templates=(replace(TEAM_TAGS, tags={}, applied_for=(AppliedFor.REPLICATION,) * 2),),
        ),
        "config.creation_templates[0].applied_for[1]: ",
        id="what a template is for twice",
    ),
    pytest.param(
        replace(RegistryConfig(), creation_templates=(TEAM_TAGS,)),
        'config.creation_templates[0].tags.costCenter: "xxx',
        id="a tag keeps its key",
    ),
    pytest.param(
        replace(RegistryConfig(), creation_templates=(replace(TEAM_TAGS, tags={}, lifecycle=TWICE),)),
        "config.creation_templates[0].lifecycle.rules[1].rulePriority: ",
        id="a lifecycle rule keeps its field",
    ),
    pytest.param(
        RegistryConfig(
            pull_through_cache=(
                PullThroughCacheRule(prefix="hub", upstream=Upstream.parse("quay"), upstream_prefix="team"),
            )
        ),
        "config.pull_through_cache[0].upstream_prefix: goes with",
        id="an upstream prefix",
    ),
]


@pytest.mark.parametrize(("config", "start"), IN_OTHER_WORDS)
def test_a_setting_is_named_as_the_arguments_name_it(config: RegistryConfig, start: str) -> None:
    with pytest.raises(InputErrors) as raised:
        RegistrySettings("registry", RegistrySettingsArgs(config=config))
    assert str(raised.value).startswith(start)


@pytest.mark.parametrize(
    ("config", "start"), [pytest.param(*param.values, id=param.id) for param in (*BAD, *IN_OTHER_WORDS)]
)
def test_what_is_named_is_there(config: RegistryConfig, start: str) -> None:
    path = start.partition(": ")[0].partition(".tags.")[0].partition(".rulePriority")[0]
    found: object = RegistrySettingsArgs(config=config)
    for name, index in re.findall(r"(\w+)(?:\[(\d+)\])?", path):
        found = getattr(found, name)
        if index:
            assert isinstance(found, tuple)
            found = found[int(index)]


# What only the provider's account and Region tell.
LATE = [
    pytest.param(
        replace(WHOLE, replication=(ReplicationRule((Destination(REGION),)),)),
        f"config.replication[0].destinations[0]: is this very registry, {REGION} in",
        id="replicates-to-itself",
    ),
    pytest.param(
        replace(WHOLE, replication=(ReplicationRule((Destination(REGION, ACCOUNT),)),)),
        "config.replication[0].destinations[0]: is this very registry",
        id="replicates-to-itself-by-name",
    ),
    pytest.param(
        replace(WHOLE, replication=(ReplicationRule((Destination("cn-north-1"),)),)),
        "config.replication[0].destinations[0].region: ",
        id="another-partition",
    ),
    pytest.param(
        replace(WHOLE, policy=RegistryAccess(replicate_from=(ReplicationSource(ACCOUNT),))),
        f"config.policy.replicate_from[0]: {ACCOUNT} is this very account",
        id="own-account",
    ),
]


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize(("config", "start"), LATE)
def test_what_the_account_and_region_tell_is_refused_before_a_child_is_registered(
    config: RegistryConfig, start: str, *, preview: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Recording()
    monkeypatch.setattr(recording, "Recording", lambda: kept)
    with pytest.raises(pulumi.RunError) as raised:
        deployed(config, preview=preview)
    assert str(raised.value).startswith(start)
    assert {registration.type for registration in kept.registrations} <= {COMPONENT}
