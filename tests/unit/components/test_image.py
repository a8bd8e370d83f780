from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest

from components import BuiltImage, BuiltImageArgs
from ecr.build import ImageBuild
from ecr.errors import RemoteError
from ecr.publication import Action, PublicationPlan, PublishedImage
from tests.unit.recording import DIGEST, HOST, IMAGE, PASSWORD, Recording, record

CONTENT = "c" * 64
OTHER_DIGEST = f"sha256:{'e' * 64}"
URL = f"{HOST}/dev/yoon-app"
BUILD = ImageBuild(context="images/nginx", dockerfile="images/nginx/Dockerfile", tag="v1.0.0", args={"COLOUR": "blue"})


PLAN = PublicationPlan(
    build=BUILD,
    content_digest=CONTENT,
    tag="v1.0.0",
    action=Action.PUSH,
    published=None,
    made_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    repository="dev/yoon-app",
)


def published(digest: str = DIGEST, content_digest: str | None = CONTENT) -> PublishedImage:
    return PublishedImage(tag="v1.0.0", digest=digest, content_digest=content_digest)


class Repository:
    """Stands in for `EcrRepository`: answers with one image, and remembers which tags it was asked for."""

    def __init__(self, holds: PublishedImage | None) -> None:
        self.holds = holds
        self.asked: list[str] = []

    def find_image(self, tag: str) -> PublishedImage | None:
        self.asked.append(tag)
        return self.holds


def deployed(
    action: Action,
    *,
    repository: Repository | None = None,
    preview: bool = False,
    image_outputs: dict[str, object] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Recording:
    plan = dataclasses.replace(
        PLAN, action=action, published=published(OTHER_DIGEST) if action is Action.ADOPT else None, **(changes or {})
    )
    held = published(OTHER_DIGEST if action is Action.ADOPT else DIGEST)
    find_image = (repository or Repository(held)).find_image

    def program() -> None:
        BuiltImage("image", BuiltImageArgs(repository_url=URL, plan=plan, find_image=find_image))

    return record(program, preview=preview, image_outputs=image_outputs)


def test_a_push_builds_the_context_and_pushes_it_under_the_tag() -> None:
    image = deployed(Action.PUSH).only(IMAGE)
    assert re.fullmatch(r"image-build-[0-9a-f]{12}", image.name)
    assert image.parent == "image"
    assert image.inputs == {
        "imageName": f"{URL}:v1.0.0",
        "build": {
            "context": "images/nginx",
            "dockerfile": "images/nginx/Dockerfile",
            "platform": "linux/amd64",
            "args": {
                "COLOUR": "blue",
                "VERSION": "v1.0.0",
                "CONTENT_DIGEST": CONTENT,
                "PUSHED_AT": "2026-11-22T09:00:00+00:00",
            },
        },
        "registry": {"server": HOST, "username": "AWS", "password": PASSWORD},
        "skipPush": False,
        "buildOnPreview": False,
    }
    assert image.ignore_changes == ()


def test_what_the_repository_holds_already_is_not_pushed_and_no_change_either() -> None:
    image = deployed(Action.ADOPT).only(IMAGE)
    assert image.inputs["skipPush"] is True
    assert set(image.ignore_changes) == {"skipPush", "build.args.PUSHED_AT"}
    assert "PUSHED_AT" not in str(image.inputs["build"])


def test_an_image_that_does_not_say_what_it_is_made_of_is_left_to_the_state() -> None:
    image = deployed(Action.FOLLOW_STATE).only(IMAGE)
    assert image.inputs["skipPush"] is False
    assert set(image.ignore_changes) == {"skipPush", "build.args.PUSHED_AT"}
    assert "PUSHED_AT" not in str(image.inputs["build"])


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tag": "v2"}, id="tag"),
        pytest.param({"content_digest": "b" * 64}, id="content"),
        pytest.param({"repository": "dev/other"}, id="repository"),
        pytest.param({"build": dataclasses.replace(BUILD, context="elsewhere")}, id="context"),
        pytest.param({"build": dataclasses.replace(BUILD, dockerfile="elsewhere")}, id="dockerfile"),
    ],
)
def test_another_image_is_another_resource_because_an_update_would_push_what_is_only_to_be_adopted(
    changes: dict[str, object],
) -> None:
    assert deployed(Action.ADOPT, changes=changes).only(IMAGE).name != deployed(Action.ADOPT).only(IMAGE).name


def test_the_same_image_is_the_same_resource_whatever_has_to_be_done_about_it() -> None:
    assert len({deployed(action).only(IMAGE).name for action in Action}) == 1


def test_what_was_published_stays_when_its_resource_goes() -> None:
    assert deployed(Action.PUSH).only(IMAGE).retain_on_delete


def test_an_image_that_can_not_be_told_apart_is_not_sent_round_in_circles() -> None:
    with pytest.raises(pulumi.RunError, match="add the label to the Dockerfile"):
        deployed(Action.FOLLOW_STATE, repository=Repository(published(OTHER_DIGEST)))


def test_the_registry_password_is_secret() -> None:
    recording = deployed(Action.PUSH)
    # Pulumi marks the whole object when a part of it is secret.
    assert recording.only(IMAGE).secrets == {"registry"}
    assert PASSWORD not in str(recording.outputs)
    assert recording.calls == ["aws:ecr/getAuthorizationToken:getAuthorizationToken"]


def test_the_digest_comes_from_the_push_and_the_repository_confirms_it() -> None:
    repository = Repository(published())
    outputs = deployed(Action.PUSH, repository=repository).component_outputs("image")
    assert outputs == {
        "tag": "v1.0.0",
        "digest": DIGEST,
        "uri": f"{URL}@{DIGEST}",
        "pullCommand": f"docker pull {URL}@{DIGEST}",
    }
    assert repository.asked == ["v1.0.0"]


def test_no_output_of_an_image_is_secret() -> None:
    recording = deployed(Action.PUSH)
    assert set().union(*recording.secret_outputs.values()) == set()


def test_an_adopted_image_has_the_digest_that_the_repository_holds() -> None:
    repository = Repository(published(OTHER_DIGEST))
    outputs = deployed(Action.ADOPT, repository=repository, image_outputs={"repoDigest": None})
    assert outputs.component_outputs("image")["digest"] == OTHER_DIGEST
    assert repository.asked == ["v1.0.0"]


def test_an_adopted_image_that_went_with_its_repository_fails_closed() -> None:
    with pytest.raises(pulumi.RunError, match=rf"{URL} should hold {OTHER_DIGEST}, but holds no such tag"):
        deployed(Action.ADOPT, repository=Repository(None))


def test_the_preview_of_an_adoption_names_the_digest_and_asks_nobody() -> None:
    repository = Repository(None)
    assert (
        deployed(Action.ADOPT, repository=repository, preview=True).component_outputs("image")["digest"] == OTHER_DIGEST
    )
    assert repository.asked == []


def test_a_registry_that_refuses_to_confirm_is_one_line() -> None:
    class Refusing(Repository):
        def find_image(self, tag: str) -> PublishedImage | None:
            raise RemoteError(f"repository dev/yoon-app: {tag} refused", service="ecr", operation="Get", code="X")

    repository = Refusing(None)
    with pytest.raises(pulumi.RunError, match=r"^repository dev/yoon-app: v1\.0\.0 refused$"):
        deployed(Action.PUSH, repository=repository)


@pytest.mark.parametrize(
    "reported",
    [
        pytest.param(None, id="nothing"),
        pytest.param("", id="empty"),
        pytest.param("<none>@<none>", id="none"),
        pytest.param(f"sha256:{'d' * 64}", id="local image ID"),
        pytest.param(f"{URL}:v1.0.0", id="a tag"),
        pytest.param(f"{URL}@sha256:{'d' * 63}", id="63 digits"),
        pytest.param(f"{URL}@sha256:{'d' * 65}", id="65 digits"),
        pytest.param(f"{URL}@sha256:{'D' * 64}", id="upper case"),
        pytest.param(f"{URL}@sha512:{'d' * 64}", id="another algorithm"),
        pytest.param(f"{URL}@sha256:{'d' * 64}\n", id="trailing newline"),
    ],
)
def test_anything_but_a_digest_fails_closed(reported: str | None) -> None:
    repository = Repository(published())
    with pytest.raises(pulumi.RunError, match=r"Docker reports .* not NAME@sha256"):
        deployed(Action.PUSH, repository=repository, image_outputs={"repoDigest": reported})
    assert repository.asked == []


@pytest.mark.parametrize(
    ("holds", "fragment"),
    [
        pytest.param(published(OTHER_DIGEST), OTHER_DIGEST, id="another digest"),
        pytest.param(None, "no such tag", id="no tag"),
    ],
)
def test_a_push_that_the_repository_does_not_confirm_fails_closed(holds: PublishedImage | None, fragment: str) -> None:
    with pytest.raises(pulumi.RunError, match=rf"{URL} should hold {DIGEST}, but holds {fragment}"):
        deployed(Action.PUSH, repository=Repository(holds))


def test_a_preview_registers_what_an_update_registers_and_asks_nobody() -> None:
    repository = Repository(published())
    preview = deployed(Action.PUSH, repository=repository, preview=True)
    assert repository.asked == []
    assert preview.names == deployed(Action.PUSH).names
