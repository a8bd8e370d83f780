from __future__ import annotations

import json

import pulumi
import pytest

from components import ImageRepository, ImageRepositoryArgs
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
    ],
)
def test_bad_arguments_are_refused_before_anything_is_registered(args: ImageRepositoryArgs, lines: list[str]) -> None:
    def program() -> None:
        with pytest.raises((InputError, InputErrors)) as raised:
            ImageRepository("app", args)
        for line, start in zip(str(raised.value).split("\n"), lines, strict=True):
            assert line.startswith(start)

    assert record(program).registrations == []
