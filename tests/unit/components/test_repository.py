from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest

import settings
from components import ImageRepository, ImageRepositoryArgs
from ecr.access import identity
from ecr.access.key_policy import key_policy
from ecr.access.principals import Access, Principals, PullPrincipals
from ecr.access.repository_policy import repository_policy
from ecr.errors import InputError, InputErrors
from ecr.lifecycle.policy import CountType, LifecyclePolicy, PolicyRule, TagStatus
from ecr.lifecycle.rules import compile_policy, expire_after, keep_latest
from ecr.repository import Encryption, EncryptionType, Mutability, TagMutability
from tests.unit.recording import ACCOUNT, HOST, KEY, LIFECYCLE, POLICY, REGION, REPOSITORY, Recording, record

COMPONENT = "container-registry:index:ImageRepository"


# ECR would refuse each of the two rules, and both together.
BAD_POLICY = LifecyclePolicy(
    tuple(
        PolicyRule(priority=number, tag_status=TagStatus.ANY, count_type=CountType.IMAGES, count=0) for number in (1, 2)
    )
)


def deployed(
    *, args: ImageRepositoryArgs | None = None, opts: pulumi.ResourceOptions | None = None, preview: bool = False
) -> Recording:
    def program() -> None:
        ImageRepository("app", args or ImageRepositoryArgs(repository_name="dev/yoon-app"), opts)

    return record(program, preview=preview)


def test_the_defaults_are_those_of_a_production_repository() -> None:
    assert deployed().only(REPOSITORY).inputs == {
        "name": "dev/yoon-app",
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
        "forceDelete": False,
    }


def test_by_default_the_latest_ten_images_stay() -> None:
    registration = deployed().only(LIFECYCLE)
    assert registration.inputs["repository"] == "dev/yoon-app"
    assert json.loads(str(registration.inputs["policy"])) == {
        "rules": [
            {
                "rulePriority": 1,
                "description": "keep the latest 10 images",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
                "action": {"type": "expire"},
            }
        ]
    }


def test_the_policy_has_no_nulls_and_is_sorted_by_priority() -> None:
    rules = [
        keep_latest(3),
        expire_after(14, tag_status=TagStatus.UNTAGGED),
        keep_latest(30, tag_status=TagStatus.TAGGED, tag_patterns=["v*"]),
    ]
    args = ImageRepositoryArgs(repository_name="a/b", lifecycle=compile_policy(rules))
    text = str(deployed(args=args).only(LIFECYCLE).inputs["policy"])
    assert "null" not in text
    assert [rule["rulePriority"] for rule in json.loads(text)["rules"]] == [1, 2, 3]
    assert [rule["selection"]["tagStatus"] for rule in json.loads(text)["rules"]] == ["untagged", "tagged", "any"]


def test_where_nothing_expires_there_is_no_policy() -> None:
    assert not deployed(args=ImageRepositoryArgs(repository_name="a/b", lifecycle=None)).of_type(LIFECYCLE)


OPTIONS = [
    pytest.param(
        {"tag_mutability": TagMutability(Mutability.MUTABLE)}, {"imageTagMutability": "MUTABLE"}, id="mutable"
    ),
    pytest.param(
        {"tag_mutability": TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("latest", "dev-*"))},
        {
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [
                {"filter": "latest", "filterType": "WILDCARD"},
                {"filter": "dev-*", "filterType": "WILDCARD"},
            ],
        },
        id="exclusions",
    ),
    pytest.param({"scan_on_push": False}, {"imageScanningConfiguration": {"scanOnPush": False}}, id="no scanning"),
    pytest.param({"force_delete": True}, {"forceDelete": True}, id="force delete"),
    pytest.param({"tags": {"team": "shop"}}, {"tags": {"team": "shop"}}, id="tags"),
    pytest.param(
        {"encryption": Encryption(EncryptionType.KMS, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/abc")},
        {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/abc"}]},
        id="given key",
    ),
]


@pytest.mark.parametrize(("options", "expected"), OPTIONS)
def test_each_option_reaches_the_repository_and_is_absent_when_unset(
    options: dict[str, object], expected: dict[str, object]
) -> None:
    args = ImageRepositoryArgs(repository_name="a/b", **options)  # type: ignore[arg-type]  # the table is checked by running it
    plain = dict(deployed(args=ImageRepositoryArgs(repository_name="a/b")).only(REPOSITORY).inputs)
    assert deployed(args=args).only(REPOSITORY).inputs == {**plain, **expected}


def test_kms_without_a_key_makes_one_that_rotates_and_uses_it() -> None:
    recording = deployed(
        args=ImageRepositoryArgs(
            repository_name="a/b", encryption=Encryption(EncryptionType.KMS), tags={"team": "shop"}
        )
    )
    key = recording.only(KEY)
    assert key.name == "app-key"
    assert key.inputs == {
        "description": "Encrypts the images of the ECR repository a/b",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "policy": key_policy(f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/a/b").text,
        "tags": {"team": "shop"},
    }
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    assert recording.only(REPOSITORY).inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": arn}]
    assert recording.component_outputs("app")["keyArn"] == arn


def test_a_given_key_is_used_and_none_is_made() -> None:
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/abc"
    args = ImageRepositoryArgs(repository_name="a/b", encryption=Encryption(EncryptionType.KMS, arn))
    assert not deployed(args=args).of_type(KEY)


def test_a_repository_policy_is_made_only_when_it_is_given() -> None:
    assert not deployed().of_type(POLICY)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    registration = deployed(args=ImageRepositoryArgs(repository_name="a/b", policy=policy)).only(POLICY)
    assert registration.inputs == {"repository": "a/b", "policy": policy}


KEYS_BY_OTHER_NAMES = [
    pytest.param(f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/shop", id="ARN of an alias"),
    pytest.param("alias/shop", id="name of an alias"),
    pytest.param("alias/aws/ecr", id="the key that AWS manages"),
    pytest.param("11111111-2222-3333-4444-555555555555", id="ID of a key"),
    pytest.param("", id="nothing"),
]


@pytest.mark.parametrize("key", KEYS_BY_OTHER_NAMES)
def test_a_key_by_any_other_name_than_its_arn_is_refused_because_it_would_replace_the_repository(key: str) -> None:
    reason = "not an alias, which would replace the repository"
    with pytest.raises(ValueError, match=reason):
        Encryption(EncryptionType.KMS, key)
    values = {"repository": "a/b", "encryption": {"type": "KMS", "keyArn": key}}
    with pytest.raises(InputErrors) as raised:
        settings.parse(values, Path())
    (error,) = raised.value.errors
    assert error.key == "container-registry:encryption.keyArn"
    assert reason in str(error)


# ---------------------------------------------------------------------------------------------------------------------
# Access
# ---------------------------------------------------------------------------------------------------------------------

ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"
ACCESS = Access(
    pull=PullPrincipals(accounts=("222222222222",), roles=(ROLE,)), push=Principals(organizations=("o-a1b2c3d4e5",))
)
ROLE_TYPE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"


def text_of(access: Access) -> str:
    return repository_policy(access, account=ACCOUNT, partition="aws", region=REGION).text


@pytest.mark.parametrize("preview", [True, False])
def test_access_becomes_the_policy_of_the_repository_and_is_known_in_a_preview(preview: bool) -> None:  # noqa: FBT001
    recording = deployed(args=ImageRepositoryArgs(repository_name="a/b", access=ACCESS), preview=preview)
    registration = recording.only(POLICY)
    assert (registration.name, registration.parent) == ("app-policy", "app")
    assert registration.inputs == {"repository": "a/b", "policy": text_of(ACCESS)}


def with_role() -> None:
    role = aws.iam.Role("deployer", assume_role_policy="{}")
    access = role.arn.apply(lambda arn: Access(pull=PullPrincipals(roles=(arn.replace(":role/", ":role/made/"),))))
    ImageRepository("app", ImageRepositoryArgs(repository_name="a/b", access=access))


def test_access_waits_for_a_role_of_the_same_program() -> None:
    recording = record(with_role)
    made = f"arn:aws:iam::{ACCOUNT}:role/made/deployer"
    assert recording.only(POLICY).inputs["policy"] == text_of(Access(pull=PullPrincipals(roles=(made,))))
    order = [registration.type for registration in recording.registrations]
    assert order.index(ROLE_TYPE) < order.index(POLICY)


def test_a_preview_knows_that_a_policy_will_be_there_before_its_role_is() -> None:
    preview = record(with_role, preview=True)
    assert preview.names == record(with_role).names
    assert preview.only(POLICY).inputs["policy"] != text_of(ACCESS)


def test_access_to_come_is_refused_beside_a_policy_too() -> None:
    def program() -> None:
        access = pulumi.Output.from_input(ACCESS)
        with pytest.raises(InputError, match=r"^policy: is given and so is access"):
            ImageRepository("app", ImageRepositoryArgs(repository_name="a/b", access=access, policy="{}"))

    assert record(program).registrations == []


def test_the_policies_of_identities_are_handed_out_as_json() -> None:
    def program() -> None:
        repository = ImageRepository("app", ImageRepositoryArgs(repository_name="dev/yoon-app"))
        pulumi.export("pull", repository.pull_policy)
        pulumi.export("push", repository.push_policy)

    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/dev/yoon-app"
    assert record(program).exports == {
        "pull": identity.pull_policy(arn).text,
        "push": identity.push_policy(arn).text,
    }


SOURCE = "arn:aws:ecr:eu-west-1:222222222222:repository/dev/shop"


def granting(*, reverse: bool = False) -> None:
    repository = ImageRepository("app", ImageRepositoryArgs(repository_name="a/b"))
    made = aws.iam.Role("made", name="made-in-aws", assume_role_policy="{}")
    roles: list[aws.iam.Role | str] = [made, "found"]
    for role in reversed(roles) if reverse else roles:
        repository.grant_pull(role)
    repository.grant_push("found")
    repository.grant_promote("found", source_arn=pulumi.Output.from_input(SOURCE))
    repository.grant_promote(made, source_arn=SOURCE, enhanced_scanning=True)


def test_each_role_gets_a_policy_that_is_called_after_it() -> None:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/a/b"
    pull, push = identity.pull_policy(arn).text, identity.push_policy(arn).text
    promote = identity.promote_policy(source_arn=SOURCE, target_arn=arn).text
    enhanced = identity.promote_policy(source_arn=SOURCE, target_arn=arn, enhanced_scanning=True).text
    found = {policy.name: (policy.parent, policy.inputs) for policy in record(granting).of_type(ROLE_POLICY)}
    assert found == {
        "app-pull-made": ("app", {"role": "made-in-aws", "policy": pull}),
        "app-pull-found": ("app", {"role": "found", "policy": pull}),
        "app-push-found": ("app", {"role": "found", "policy": push}),
        "app-promote-found": ("app", {"role": "found", "policy": promote}),
        "app-promote-made": ("app", {"role": "made-in-aws", "policy": enhanced}),
    }


def test_grants_keep_their_names_in_any_order_and_in_a_preview() -> None:
    assert record(lambda: granting(reverse=True)).names == record(granting).names
    assert record(granting, preview=True).names == record(granting).names


def test_children_hang_below_the_component_under_names_that_are_a_contract() -> None:
    args = ImageRepositoryArgs(repository_name="a/b", policy="{}", encryption=Encryption(EncryptionType.KMS))
    recording = deployed(args=args)
    assert recording.names == {
        (COMPONENT, "app"),
        (REPOSITORY, "app-repo"),
        (LIFECYCLE, "app-lifecycle"),
        (POLICY, "app-policy"),
        (KEY, "app-key"),
    }
    assert {child.parent for child in recording.registrations if child.type != COMPONENT} == {"app"}


def test_a_replacement_waits_for_the_old_repository_to_go_because_the_name_is_taken() -> None:
    assert deployed().only(REPOSITORY).delete_before_replace


def test_protection_reaches_every_child() -> None:
    recording = deployed(opts=pulumi.ResourceOptions(protect=True))
    assert {registration.name: registration.protect for registration in recording.registrations} == {
        "app": True,
        "app-repo": True,
        "app-lifecycle": True,
    }


def test_outputs_are_registered_once_with_real_values() -> None:
    assert deployed().component_outputs("app") == {
        "name": "dev/yoon-app",
        "arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/dev/yoon-app",
        "url": f"{HOST}/dev/yoon-app",
    }


def test_the_registry_host_and_the_login_command_follow_from_the_repository() -> None:
    def program() -> None:
        repository = ImageRepository("app", ImageRepositoryArgs(repository_name="dev/yoon-app"))
        pulumi.export("host", repository.registry_host)
        pulumi.export("login", repository.docker_login_command)

    assert record(program).exports == {
        "host": HOST,
        "login": f"aws ecr get-login-password --region {REGION} | docker login --username AWS --password-stdin {HOST}",
    }


def test_a_preview_registers_what_an_update_registers() -> None:
    args = ImageRepositoryArgs(repository_name="a/b", policy="{}", encryption=Encryption(EncryptionType.KMS))
    assert deployed(args=args, preview=True).names == deployed(args=args).names


def test_twenty_repositories_live_in_one_program() -> None:
    def program() -> None:
        for number in range(20):
            ImageRepository(f"app-{number}", ImageRepositoryArgs(repository_name=f"team/app-{number}"))

    recording = record(program)
    assert {registration.inputs["name"] for registration in recording.of_type(REPOSITORY)} == {
        f"team/app-{number}" for number in range(20)
    }
    assert len(recording.names) == 60


@pytest.mark.parametrize(
    ("args", "lines"),
    [
        pytest.param(ImageRepositoryArgs(repository_name="Dev/App"), ["repository_name: 'Dev/App' is not"], id="name"),
        pytest.param(
            ImageRepositoryArgs(repository_name="a/b", lifecycle=BAD_POLICY),
            [
                "lifecycle.rules[0].selection.countNumber: 0 is not accepted",
                "lifecycle.rules[1].selection.countNumber: 0 is not accepted",
                'lifecycle.rules[1].selection.tagStatus: "any" is the tag status of rule [0] too',
            ],
            id="policy",
        ),
        pytest.param(
            ImageRepositoryArgs(repository_name="a/b", lifecycle=LifecyclePolicy(())),
            ["lifecycle: has 12 characters", "lifecycle.rules: has 0 rules"],
            id="empty-policy",
        ),
        pytest.param(
            ImageRepositoryArgs(repository_name="a/b", access=ACCESS, policy="{}"),
            ["policy: is given and so is access, of which the policy is made; give one of them"],
            id="access and a policy",
        ),
        pytest.param(
            ImageRepositoryArgs(
                repository_name="a/b",
                access=Access(pull=PullPrincipals(accounts=tuple(f"{number:012}" for number in range(400)))),
            ),
            [
                "access: the repository policy would have 13398 characters, and ECR accepts 10240; name fewer",
            ],
            id="too much access",
        ),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_registered(args: ImageRepositoryArgs, lines: list[str]) -> None:
    def program() -> None:
        with pytest.raises((InputError, InputErrors)) as raised:
            ImageRepository("app", args)
        for line, start in zip(str(raised.value).split("\n"), lines, strict=True):
            assert line.startswith(start)

    assert record(program).registrations == []
