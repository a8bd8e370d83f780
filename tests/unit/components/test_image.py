from __future__ import annotations

from datetime import UTC, datetime

import pulumi
import pytest

from components import BuiltImage, BuiltImageArgs
from ecr.build import ImageBuild
from ecr.publication import Action, PublicationPlan, PublishedImage
from tests.unit.recording import DIGEST, HOST, IMAGE, PASSWORD, Recording, record

CONTENT = "c" * 64
OTHER_DIGEST = f"sha256:{'e' * 64}"
URL = f"{HOST}/dev/yoon-app"
BUILD = ImageBuild(context="images/nginx", dockerfile="images/nginx/Dockerfile", tag="v1.0.0", args={"COLOUR": "blue"})


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
) -> Recording:
    plan = PublicationPlan(
        build=BUILD,
        content_digest=CONTENT,
        tag="v1.0.0",
        action=action,
        published=published(OTHER_DIGEST) if action is Action.ADOPT else None,
        made_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    )
    find_image = (repository or Repository(published())).find_image

    def program() -> None:
        BuiltImage("image", BuiltImageArgs(repository_url=URL, plan=plan, find_image=find_image))

    return record(program, preview=preview, image_outputs=image_outputs)


def test_a_push_builds_the_context_and_pushes_it_under_the_tag() -> None:
    image = deployed(Action.PUSH).only(IMAGE)
    assert image.name == "image-build"
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


def test_the_registry_password_is_secret() -> None:
    recording = deployed(Action.PUSH)
    # Pulumi marks the whole object when a part of it is secret.
    assert any(path.startswith("registry") for path in recording.only(IMAGE).secrets)
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
    repository = Repository(None)
    outputs = deployed(Action.ADOPT, repository=repository, image_outputs={"repoDigest": None})
    assert outputs.component_outputs("image")["digest"] == OTHER_DIGEST
    assert repository.asked == []


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
    with pytest.raises(pulumi.RunError, match=rf"Docker reports {DIGEST}, but the repository holds {fragment}"):
        deployed(Action.PUSH, repository=Repository(holds))


def test_a_preview_registers_what_an_update_registers_and_asks_nobody() -> None:
    repository = Repository(published())
    preview = deployed(Action.PUSH, repository=repository, preview=True)
    assert repository.asked == []
    assert preview.names == deployed(Action.PUSH).names
