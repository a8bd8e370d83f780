from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Mapping, Sequence

import pulumi
import pytest
from pulumi.runtime.proto import resource_pb2

from components.pull_through import UpstreamCredentials, register_pull_through
from components.registry import RegistrySettings, RegistrySettingsArgs
from ecr.access import key_policy, repository_policy
from ecr.access.principals import Access, PullPrincipals
from ecr.errors import InputErrors
from ecr.lifecycle.rules import DEFAULT_POLICY
from ecr.reference import Registry
from ecr.registry import pull_through, templates
from ecr.registry.pull_through import MAKE, PullThroughCacheRule
from ecr.registry.settings import RegistryConfig
from ecr.registry.templates import AppliedFor, CreationTemplate
from ecr.registry.upstreams import Upstream
from ecr.repository import Encryption, EncryptionType, Mutability, TagMutability
from tests.unit import recording
from tests.unit.recording import ACCOUNT, REGION, Recording, mock_arn, record

COMPONENT = "container-registry:index:RegistrySettings"
RULE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
KEY = "aws:kms/key:Key"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"

OTHER = "222222222222"
SECRET_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/mine"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/abc"
TOKEN = f"dckr_pat_{'made-up'}"
PLACE = {"account": ACCOUNT, "region": REGION, "partition": "aws"}

QUAY = PullThroughCacheRule(prefix="quay", upstream=Upstream.parse("quay"))
HUB = PullThroughCacheRule(prefix="docker-hub", upstream=Upstream.parse("docker-hub"), credentials=SECRET_ARN)
MADE_HUB = dataclasses.replace(HUB, credentials=None)
SHARED = PullThroughCacheRule(
    prefix="shared",
    upstream=Upstream.parse(f"{OTHER}.dkr.ecr.eu-west-1.amazonaws.com"),
    role=MAKE,
    upstream_prefix="team-a",
)
CREDENTIALS = {"docker-hub": UpstreamCredentials(username="ann", access_token=TOKEN)}

PLAIN = CreationTemplate(prefix="docker-hub", applied_for=(AppliedFor.PULL_THROUGH_CACHE,))
WHOLE = CreationTemplate(
    prefix="ROOT",
    applied_for=(AppliedFor.REPLICATION, AppliedFor.CREATE_ON_PUSH),
    encryption=Encryption(EncryptionType.KMS),
    tags={"team": "shop"},
)


def register(
    rules: Sequence[PullThroughCacheRule],
    creation_templates: Sequence[CreationTemplate],
    *,
    tags: Mapping[str, str] | None = None,
    credentials: Mapping[str, UpstreamCredentials] | None = None,
) -> None:
    config = RegistryConfig(pull_through_cache=tuple(rules), creation_templates=tuple(creation_templates))
    RegistrySettings("registry", RegistrySettingsArgs(config=config, tags=tags or {}, credentials=credentials or {}))


def deployed(
    *rules: PullThroughCacheRule,
    creation_templates: Sequence[CreationTemplate] = (),
    tags: Mapping[str, str] | None = None,
    credentials: Mapping[str, UpstreamCredentials] | None = None,
    preview: bool = False,
    region: str = REGION,
) -> Recording:
    def program() -> None:
        register(rules, creation_templates, tags=tags, credentials=credentials)

    answers = {"aws:index/getRegion:getRegion": {"region": region, "name": region, "id": region}}
    return record(program, preview=preview, answers=answers)


def everything(*, preview: bool = False) -> Recording:
    return deployed(
        QUAY,
        MADE_HUB,
        SHARED,
        creation_templates=(PLAIN, WHOLE),
        credentials=CREDENTIALS,
        tags={"owner": "platform"},
        preview=preview,
    )


def test_a_plain_rule_says_its_prefix_and_its_upstream_and_no_more() -> None:
    assert deployed(QUAY).only(RULE).inputs == {"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"}


RULES = [
    pytest.param(
        HUB,
        {
            "ecrRepositoryPrefix": "docker-hub",
            "upstreamRegistryUrl": "registry-1.docker.io",
            "credentialArn": SECRET_ARN,
        },
        id="a given secret",
    ),
    pytest.param(
        dataclasses.replace(SHARED, role=ROLE_ARN),
        {
            "ecrRepositoryPrefix": "shared",
            "upstreamRegistryUrl": f"{OTHER}.dkr.ecr.eu-west-1.amazonaws.com",
            "customRoleArn": ROLE_ARN,
            "upstreamRepositoryPrefix": "team-a",
        },
        id="a given role, and a part of the upstream",
    ),
    pytest.param(
        PullThroughCacheRule(prefix="near", upstream=Upstream.parse(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com")),
        {"ecrRepositoryPrefix": "near", "upstreamRegistryUrl": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"},
        id="a registry of the same account",
    ),
]


@pytest.mark.parametrize(("rule", "inputs"), RULES)
def test_what_is_given_is_used_and_nothing_is_made(rule: PullThroughCacheRule, inputs: dict[str, str]) -> None:
    made = deployed(rule)
    assert made.only(RULE).inputs == inputs
    assert {registration.type for registration in made.registrations} == {COMPONENT, RULE}


def test_a_role_is_made_with_what_it_needs_and_the_rule_has_it() -> None:
    made = deployed(SHARED, tags={"owner": "platform"})
    assert made.only(ROLE).inputs == {
        "assumeRolePolicy": pull_through.role_trust().text,
        "tags": {"owner": "platform"},
    }
    assert made.only(ROLE_POLICY).inputs["policy"] == pull_through.role_permissions(SHARED, **PLACE).text
    assert made.only(RULE).inputs["customRoleArn"] == mock_arn(ROLE, "registry-cache-shared-role")


def test_a_secret_is_made_under_the_name_that_ecr_wants_and_in_the_form_that_it_reads() -> None:
    made = deployed(MADE_HUB, credentials=CREDENTIALS, tags={"owner": "platform"})
    assert made.only(SECRET).inputs == {
        "name": "ecr-pullthroughcache/docker-hub",
        "description": "Signs ECR in to the upstream of the pull through cache docker-hub",
        "tags": {"owner": "platform"},
    }
    version = made.only(VERSION).inputs
    assert version["secretId"] == "registry-cache-docker-hub-secret-id"
    assert json.loads(str(version["secretString"])) == {"username": "ann", "accessToken": TOKEN}
    assert made.only(RULE).inputs["credentialArn"] == mock_arn(SECRET, "registry-cache-docker-hub-secret")


@pytest.mark.parametrize("preview", [True, False])
def test_credentials_are_secret_and_stand_in_one_place(preview: bool) -> None:  # noqa: FBT001
    made = deployed(MADE_HUB, credentials=CREDENTIALS, preview=preview)
    assert made.only(VERSION).secrets == {"secretString"}
    holders = [item.name for item in made.registrations if TOKEN in json.dumps(dict(item.inputs), default=str)]
    assert holders == ["registry-cache-docker-hub-secret-version"]


def test_a_plain_template_leaves_the_rest_to_ecr() -> None:
    assert deployed(creation_templates=[PLAIN]).only(TEMPLATE).inputs == {
        "prefix": "docker-hub",
        "appliedFors": ["PULL_THROUGH_CACHE"],
        "imageTagMutability": "MUTABLE",
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
    }


ACCESS = Access(pull=PullPrincipals(accounts=(OTHER,)))
OPTIONS = [
    pytest.param({"description": "for all"}, {"description": "for all"}, id="description"),
    pytest.param(
        {"tag_mutability": TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("latest",))},
        {
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filter": "latest", "filterType": "WILDCARD"}],
        },
        id="mutability",
    ),
    pytest.param({"lifecycle": DEFAULT_POLICY}, {"lifecyclePolicy": DEFAULT_POLICY.text}, id="lifecycle"),
    pytest.param(
        {"access": ACCESS},
        {"repositoryPolicy": repository_policy.repository_policy(ACCESS, **PLACE).text},
        id="access",
    ),
    pytest.param(
        {"tags": {"team": "shop"}, "role": ROLE_ARN},
        {"resourceTags": {"team": "shop"}, "customRoleArn": ROLE_ARN},
        id="tags with a given role",
    ),
    pytest.param(
        {"encryption": Encryption(EncryptionType.KMS, KEY_ARN), "role": ROLE_ARN},
        {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY_ARN}], "customRoleArn": ROLE_ARN},
        id="a given key with a given role",
    ),
    pytest.param({"role": ROLE_ARN}, {"customRoleArn": ROLE_ARN}, id="a role alone"),
    pytest.param(
        {"applied_for": (AppliedFor.CREATE_ON_PUSH, AppliedFor.REPLICATION)},
        {"appliedFors": ["CREATE_ON_PUSH", "REPLICATION"]},
        id="what it is for",
    ),
]


@pytest.mark.parametrize(("options", "expected"), OPTIONS)
def test_each_option_reaches_the_template_and_is_absent_when_unset(
    options: dict[str, object], expected: dict[str, object]
) -> None:
    plain = deployed(creation_templates=[PLAIN]).only(TEMPLATE).inputs
    made = deployed(creation_templates=[dataclasses.replace(PLAIN, **options)])  # type: ignore[arg-type]  # the table is checked by running it
    assert made.only(TEMPLATE).inputs == {**plain, **expected}
    assert {registration.type for registration in made.registrations} == {COMPONENT, TEMPLATE}


def test_kms_and_tags_have_a_key_and_a_role_made() -> None:
    made = deployed(creation_templates=[WHOLE], tags={"owner": "platform"})
    key = made.only(KEY)
    assert key.inputs == {
        "description": "Encrypts the ECR repositories that the template ROOT makes",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "policy": key_policy.template_key_policy("", **PLACE).text,
        "tags": {"owner": "platform"},
    }
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    template = made.only(TEMPLATE).inputs
    assert template["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": arn}]
    assert template["customRoleArn"] == mock_arn(ROLE, "registry-template-ROOT-role")
    assert template["resourceTags"] == {"team": "shop"}
    assert made.only(ROLE).inputs["assumeRolePolicy"] == templates.role_trust().text
    assert made.only(ROLE_POLICY).inputs["policy"] == templates.role_permissions(WHOLE, **PLACE, key_arn=arn).text


def test_the_key_of_a_template_is_for_the_repositories_below_its_prefix() -> None:
    template = dataclasses.replace(WHOLE, prefix="prod/web")
    policy = deployed(creation_templates=[template]).only(KEY).inputs["policy"]
    assert policy == key_policy.template_key_policy("prod/web/", **PLACE).text


def test_children_hang_below_the_component_under_names_that_are_a_contract() -> None:
    made = everything()
    assert made.names == {
        (COMPONENT, "registry"),
        (TEMPLATE, "registry-template-docker-hub"),
        (TEMPLATE, "registry-template-ROOT"),
        (ROLE, "registry-template-ROOT-role"),
        (ROLE_POLICY, "registry-template-ROOT-role-policy"),
        (KEY, "registry-template-ROOT-key"),
        (RULE, "registry-cache-quay"),
        (RULE, "registry-cache-docker-hub"),
        (SECRET, "registry-cache-docker-hub-secret"),
        (VERSION, "registry-cache-docker-hub-secret-version"),
        (RULE, "registry-cache-shared"),
        (ROLE, "registry-cache-shared-role"),
        (ROLE_POLICY, "registry-cache-shared-role-policy"),
    }
    assert {child.parent for child in made.registrations if child.type != COMPONENT} == {"registry"}


def test_a_preview_registers_what_an_update_registers() -> None:
    assert everything(preview=True).names == everything().names


def test_prefixes_that_can_not_stand_in_a_name_are_told_apart_and_leave_room_for_the_rest() -> None:
    long = "x" * 200
    prefixes = ("team/hub", "team-hub", "team/hub/x", f"{long}a", f"{long}b", f"{long}/a")
    applied_for = (AppliedFor.CREATE_ON_PUSH,)
    made = deployed(
        creation_templates=[
            CreationTemplate(prefix=prefix, applied_for=applied_for, tags={"a": "b"}) for prefix in prefixes
        ]
    )
    names = {registration.name for registration in made.of_type(TEMPLATE)}
    assert len(names) == len(prefixes)
    assert names > {"registry-template-team-hub-73909f80", "registry-template-team-hub"}
    # IAM: 64 characters for the name of a role, of which Pulumi takes 8.
    assert max(len(registration.name) for registration in made.of_type(ROLE)) + 8 <= 64
    assert not any("/" in registration.name for registration in made.of_type(ROLE))


def test_a_rule_that_is_replaced_makes_room_first_because_its_prefix_is_taken() -> None:
    assert deployed(QUAY).only(RULE).delete_before_replace


def test_templates_and_what_a_rule_needs_come_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    needed: dict[str, set[str]] = {}
    registering = recording._RecordingMonitor.RegisterResource

    def seen(
        monitor: recording._RecordingMonitor, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        needed[request.name] = {urn.rpartition("::")[2] for urn in request.dependencies}
        return registering(monitor, request)

    monkeypatch.setattr(recording._RecordingMonitor, "RegisterResource", seen)
    everything()
    both = {"registry-template-docker-hub", "registry-template-ROOT"}
    assert needed["registry-cache-quay"] == both
    assert needed["registry-cache-docker-hub"] >= {*both, "registry-cache-docker-hub-secret-version"}
    assert needed["registry-cache-shared"] >= {*both, "registry-cache-shared-role-policy"}
    assert needed["registry-template-ROOT"] >= {"registry-template-ROOT-role-policy"}
    assert needed["registry-template-docker-hub"] == set()


BAD = [
    pytest.param((MADE_HUB,), (), {}, "pull_through_cache[0].credentials: is missing", id="no credentials"),
    pytest.param((HUB,), (), CREDENTIALS, "pull_through_cache[0].credentials: names a secret, and", id="two of them"),
    pytest.param((QUAY,), (), CREDENTIALS, 'pull_through_cache: has no rule for "docker-hub"', id="for no rule"),
    pytest.param((QUAY, QUAY), (), {}, 'pull_through_cache[1].prefix: "quay" is the prefix of', id="twice"),
    pytest.param((), (PLAIN, PLAIN), {}, 'creation_templates[1].prefix: "docker-hub" is the', id="template twice"),
]


@pytest.mark.parametrize(("rules", "creation_templates", "credentials", "line"), BAD)
def test_bad_arguments_are_refused_before_anything_is_registered(
    rules: tuple[PullThroughCacheRule, ...],
    creation_templates: tuple[CreationTemplate, ...],
    credentials: Mapping[str, UpstreamCredentials],
    line: str,
) -> None:
    def program() -> None:
        with pytest.raises(InputErrors) as raised:
            register(rules, creation_templates, credentials=credentials)
        assert str(raised.value).startswith(f"config.{line}")

    assert record(program).registrations == []


ELSEWHERE = [
    pytest.param(
        (dataclasses.replace(HUB, credentials=SECRET_ARN.replace(ACCOUNT, OTHER)),),
        (),
        f"pull_through_cache[0].credentials: is in account {OTHER}, and the registry is in {ACCOUNT}",
        id="a secret of another account",
    ),
    pytest.param(
        (dataclasses.replace(HUB, credentials=SECRET_ARN.replace(REGION, "us-east-1")),),
        (),
        "pull_through_cache[0].credentials: is in us-east-1, and the registry is in",
        id="a secret of another Region",
    ),
    pytest.param((dataclasses.replace(SHARED, role=None),), (), "pull_through_cache[0].role: is missing", id="no role"),
    pytest.param(
        (),
        (dataclasses.replace(PLAIN, role=ROLE_ARN.replace(ACCOUNT, OTHER)),),
        f"creation_templates[0].role: is in account {OTHER}",
        id="a role of another account",
    ),
]


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(("rules", "creation_templates", "line"), ELSEWHERE)
def test_what_is_in_another_place_than_the_registry_is_refused_once_that_is_known(
    rules: tuple[PullThroughCacheRule, ...],
    creation_templates: tuple[CreationTemplate, ...],
    line: str,
    preview: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Recording()
    monkeypatch.setattr(recording, "Recording", lambda: kept)
    with pytest.raises(pulumi.RunError) as raised:
        # Others that would be well by themselves, one with everything made for it.
        deployed(
            *rules,
            QUAY,
            dataclasses.replace(MADE_HUB, prefix="hub"),
            dataclasses.replace(SHARED, prefix="made"),
            creation_templates=(*creation_templates, WHOLE),
            credentials={"hub": CREDENTIALS["docker-hub"]},
            preview=preview,
        )
    assert f"config.{line}" in str(raised.value)
    assert kept.names <= {(COMPONENT, "registry")}


@pytest.mark.parametrize("creation_templates", [pytest.param((), id="rules"), pytest.param((PLAIN, WHOLE), id="both")])
def test_nothing_is_registered_before_the_registry_is_known(
    creation_templates: tuple[CreationTemplate, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Recording()
    monkeypatch.setattr(recording, "Recording", lambda: kept)

    before: set[tuple[str, str]] = set()

    async def known_at_last() -> str:
        await asyncio.sleep(0.3)
        before.update(kept.names)
        return ACCOUNT

    def program() -> None:
        parent = pulumi.ComponentResource("test:index:Parent", "registry")
        account: pulumi.Output[str] = pulumi.Output.from_input(known_at_last())
        register_pull_through(
            "registry",
            (QUAY, MADE_HUB, SHARED),
            creation_templates,
            tags={},
            parent=parent,
            registry=account.apply(lambda account: Registry("aws", REGION, account)),
            credentials=CREDENTIALS,
        )

    record(program)
    assert before == {("test:index:Parent", "registry")}
    assert len(kept.names) == 8 + 5 * bool(creation_templates)


def test_a_region_without_pull_through_cache_is_refused_once_it_is_known() -> None:
    with pytest.raises(pulumi.RunError, match="can't be used in us-gov-west-1"):
        deployed(QUAY, region="us-gov-west-1")
