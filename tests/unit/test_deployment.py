from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import cast

import pytest

import deployment
import settings
from ecr import aws, build_context
from ecr.errors import Conflict, InputError
from ecr.publication import Action, PublishedImage
from ecr.repository import Encryption
from settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DIGEST = f"sha256:{'d' * 64}"


def dev(**changes: object) -> Settings:
    values = {"repository": "dev/app", "build": {"context": "images/nginx", "tag": "v1"}}
    return settings.parse({**values, **changes}, ROOT, region="eu-west-1", profile="team")


class Asked:
    """Stands in for `EcrRepository`: how it was made, what it was asked, what it holds."""

    holds: PublishedImage | None = None
    stays = True

    def __init__(self, name: str, *, region: str | None, profile: str | None) -> None:
        self.made_with = (name, region, profile)
        self.tags: list[str] = []

    def find_image(self, tag: str) -> PublishedImage | None:
        self.tags.append(tag)
        return self.holds

    def can_stay(self, encryption: Encryption) -> bool:
        assert encryption == Encryption()
        return self.stays


@pytest.fixture(autouse=True)
def _repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "EcrRepository", Asked)
    monkeypatch.setattr(Asked, "holds", None)
    monkeypatch.setattr(Asked, "stays", True)


def test_a_stack_that_builds_nothing_has_nothing_to_publish() -> None:
    assert deployment.plan_publication(dev(build={}), ROOT) is None


def test_the_repository_is_asked_once_for_the_resolved_tag_in_the_stacks_own_region_and_profile() -> None:
    found = deployment.plan_publication(dev(build={"context": "images/nginx", "tag": "v1-{content}"}), ROOT)
    assert found is not None
    asked = cast("Asked", found.repository)
    assert asked.made_with == ("dev/app", "eu-west-1", "team")
    assert asked.tags == [found.plan.tag]
    assert found.plan.tag == f"v1-{found.plan.content_digest[:12]}"
    assert found.plan.action is Action.PUSH


def test_what_the_repository_holds_already_is_adopted(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = dev()
    assert stack.build is not None
    content = build_context.content_digest(stack.build, ROOT)
    monkeypatch.setattr(Asked, "holds", PublishedImage(tag="v1", digest=DIGEST, content_digest=content))
    found = deployment.plan_publication(stack, ROOT)
    assert found is not None
    assert found.plan.action is Action.ADOPT


def test_other_content_is_refused_where_tags_do_not_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Asked, "holds", PublishedImage(tag="v1", digest=DIGEST, content_digest="a" * 64))
    with pytest.raises(Conflict, match="dev/app:v1 can't be overwritten"):
        deployment.plan_publication(dev(), ROOT)


def test_other_content_is_pushed_where_tags_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Asked, "holds", PublishedImage(tag="v1", digest=DIGEST, content_digest="a" * 64))
    found = deployment.plan_publication(dev(tagMutability="MUTABLE"), ROOT)
    assert found is not None
    assert found.plan.action is Action.PUSH


def test_the_image_is_pushed_again_when_its_repository_is_about_to_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = dev()
    assert stack.build is not None
    content = build_context.content_digest(stack.build, ROOT)
    monkeypatch.setattr(Asked, "holds", PublishedImage(tag="v1", digest=DIGEST, content_digest=content))
    monkeypatch.setattr(Asked, "stays", False)
    found = deployment.plan_publication(stack, ROOT)
    assert found is not None
    assert found.plan.action is Action.PUSH


def test_a_context_that_is_gone_meanwhile_is_named() -> None:
    stack = dev()
    assert stack.build is not None
    gone = dataclasses.replace(stack, build=dataclasses.replace(stack.build, context="gone", dockerfile="gone/File"))
    with pytest.raises(InputError, match="gone"):
        deployment.plan_publication(gone, ROOT)
