"""The whole program, once per stack file, against mocks."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pulumi
import pytest
import yaml

from ecr import aws
from ecr.aws.images import EcrImages
from ecr.errors import RemoteError
from ecr.publication import PublishedImage
from tests.unit.recording import (
    ACCOUNT,
    DIGEST,
    GATED,
    HOST,
    IMAGE,
    KEY,
    LIFECYCLE,
    PASSWORD,
    PROMOTION,
    REGION,
    REPOSITORY,
    Recording,
    published,
    record,
)

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("dev", "staging", "prod")
SOURCES = {f"organization/container-registry/{stack}": published(stack) for stack in ("dev", "staging")}


class Registry:
    """What the repository holds: nothing before the program runs, then the image that was just pushed."""

    def __init__(self) -> None:
        self.answers: list[PublishedImage | None] = [
            None,
            PublishedImage(tag="v1.0.0", digest=DIGEST, content_digest=None),
        ]

    def find_image(self, _tag: str) -> PublishedImage | None:
        return self.answers.pop(0)


@pytest.fixture(autouse=True)
def _no_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lifecycle guard (test_lifecycle_guard.py) finds no repository yet."""
    monkeypatch.setattr(EcrImages, "listing", lambda _self: None)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    found = Registry()
    monkeypatch.setattr(aws.EcrRepository, "find_image", lambda _self, tag: found.find_image(tag))
    monkeypatch.setattr(aws.EcrRepository, "can_stay", lambda _self, _encryption: True)
    return found


def config_of(stack: str, **changes: object) -> dict[str, str]:
    """The stack file as Pulumi hands it to a program: everything is text, structures are JSON."""
    values = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    values.update({f"container-registry:{key}": value for key, value in changes.items()})
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def deployed(stack: str, **changes: object) -> Recording:
    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    return record(program, config=config_of(stack, **changes), stack=stack, sources=SOURCES)


@pytest.mark.usefixtures("registry")
def test_dev_builds_pushes_and_may_be_deleted() -> None:
    recording = deployed("dev")
    repository = recording.only(REPOSITORY)
    assert repository.name == "repository-repo"
    assert repository.inputs == {
        "name": "dev/yoon-app",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
        "forceDelete": True,
        "tags": {"environment": "dev"},
    }
    assert repository.protect in (None, False)
    assert recording.only(IMAGE).inputs["imageName"] == f"{HOST}/dev/yoon-app:v1.0.0"


@pytest.mark.usefixtures("registry")
def test_the_outputs_of_dev_are_a_contract() -> None:
    login = f"aws ecr get-login-password --region {REGION} | docker login --username AWS --password-stdin {HOST}"
    assert deployed("dev").exports == {
        "repository_name": "dev/yoon-app",
        "repository_arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/dev/yoon-app",
        "repository_url": f"{HOST}/dev/yoon-app",
        "registry_host": HOST,
        "docker_login_command": login,
        "image_tag": "v1.0.0",
        "image_digest": DIGEST,
        "image_uri": f"{HOST}/dev/yoon-app@{DIGEST}",
        "pull_command": f"docker pull {HOST}/dev/yoon-app@{DIGEST}",
    }


@pytest.mark.parametrize(("stack", "protect"), [("staging", False), ("prod", True)])
def test_staging_and_prod_are_immutable_and_prod_is_protected(stack: str, protect: bool) -> None:  # noqa: FBT001
    recording = deployed(stack)
    repository = recording.only(REPOSITORY)
    assert repository.inputs["name"] == f"{stack}/yoon-app"
    assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
    assert repository.inputs["forceDelete"] is False
    assert bool(repository.protect) is protect
    assert bool(recording.only(LIFECYCLE).protect) is protect


@pytest.mark.parametrize(("stack", "source"), [("staging", "dev"), ("prod", "staging")])
def test_the_outputs_of_a_stack_that_promotes_are_a_contract(stack: str, source: str) -> None:
    login = f"aws ecr get-login-password --region {REGION} | docker login --username AWS --password-stdin {HOST}"
    assert deployed(stack).exports == {
        "repository_name": f"{stack}/yoon-app",
        "repository_arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{stack}/yoon-app",
        "repository_url": f"{HOST}/{stack}/yoon-app",
        "registry_host": HOST,
        "docker_login_command": login,
        "image_tag": "v1.0.0",
        "image_digest": DIGEST,
        "image_uri": f"{HOST}/{stack}/yoon-app@{DIGEST}",
        "pull_command": f"docker pull {HOST}/{stack}/yoon-app@{DIGEST}",
        "promoted_from": f"{HOST}/{source}/yoon-app@{DIGEST}",
        "gate": GATED,
    }


def test_a_stack_may_neither_build_nor_promote() -> None:
    recording = deployed("staging", promote={})
    assert not recording.of_type(PROMOTION)
    assert set(recording.exports) == {
        "repository_name",
        "repository_arn",
        "repository_url",
        "registry_host",
        "docker_login_command",
    }


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_a_stack_that_builds_nothing_asks_for_no_token_and_no_docker(stack: str) -> None:
    recording = deployed(stack)
    assert recording.calls == []
    assert not recording.of_type(IMAGE)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("stack", STACKS)
def test_every_child_has_a_component_as_its_parent(stack: str) -> None:
    found = deployed(stack).registrations
    parents = {(child.type, child.parent) for child in found if not child.type.startswith("container-registry:")}
    expected = {(REPOSITORY, "repository"), (LIFECYCLE, "repository")}
    assert parents == expected | {(IMAGE if stack == "dev" else PROMOTION, "image")}


def test_tokens_and_names_are_a_contract(registry: Registry) -> None:
    assert registry.answers
    recording = deployed("dev", encryption={"type": "KMS"})
    assert {(found.type, found.name.partition("-build-")[0]) for found in recording.registrations} == {
        ("container-registry:index:ImageRepository", "repository"),
        ("container-registry:index:BuiltImage", "image"),
        (REPOSITORY, "repository-repo"),
        (LIFECYCLE, "repository-lifecycle"),
        (KEY, "repository-key"),
        (IMAGE, "image"),
    }
    assert {(found.type, found.name) for found in deployed("prod").registrations} == {
        ("container-registry:index:ImageRepository", "repository"),
        ("container-registry:index:PromotedImage", "image"),
        (REPOSITORY, "repository-repo"),
        (LIFECYCLE, "repository-lifecycle"),
        (PROMOTION, "image-promotion"),
    }


def test_every_setting_reaches_the_repository() -> None:
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/abc"
    recording = deployed(
        "staging",
        tagMutability="IMMUTABLE_WITH_EXCLUSION",
        mutabilityExclusions=["latest"],
        scanOnPush=False,
        encryption={"type": "KMS", "keyArn": arn},
        lifecycle=[{"expireDays": 3, "untagged": True}],
        forceDelete=True,
        tags={"team": "shop"},
    )
    assert recording.only(REPOSITORY).inputs == {
        "name": "staging/yoon-app",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filter": "latest", "filterType": "WILDCARD"}],
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": arn}],
        "forceDelete": True,
        "tags": {"team": "shop"},
    }
    (rule,) = json.loads(str(recording.only(LIFECYCLE).inputs["policy"]))["rules"]
    assert rule["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 3,
    }


@pytest.mark.usefixtures("registry")
def test_no_secret_is_exported() -> None:
    assert PASSWORD not in json.dumps(deployed("dev").exports)


def test_a_mistake_in_the_stack_file_is_one_line_and_registers_nothing() -> None:
    with pytest.raises(pulumi.RunError) as raised:
        deployed("dev", tagMutability="mutable")
    assert str(raised.value).startswith('container-registry:tagMutability: "mutable" is not accepted; accepted: one of')
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_tag_that_can_not_move_is_refused_before_anything_is_registered(registry: Registry) -> None:
    registry.answers = [PublishedImage(tag="v1.0.0", digest=DIGEST, content_digest="a" * 64)]
    recordings: list[Recording] = []

    def program() -> None:
        with pytest.raises(pulumi.RunError, match=rf"dev/yoon-app:v1\.0\.0 can't be overwritten: it holds {DIGEST}"):
            runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    recordings.append(record(program, config=config_of("dev", tagMutability="IMMUTABLE")))
    assert recordings[0].registrations == []


def test_a_refusal_of_aws_is_one_line_and_registers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: object, _tag: str) -> None:
        raise RemoteError(
            "repository dev/yoon-app: refused", service="ecr", operation="BatchGetImage", code="AccessDenied"
        )

    monkeypatch.setattr(aws.EcrRepository, "find_image", refuse)
    with pytest.raises(pulumi.RunError, match=r"^repository dev/yoon-app: refused$"):
        deployed("dev")
