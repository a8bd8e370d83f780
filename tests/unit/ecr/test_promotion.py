from __future__ import annotations

import pytest

from ecr import promotion
from ecr.errors import Conflict, InputError
from ecr.promotion import Origin, Promotion, Release, SourceImage
from ecr.reference import RepositoryArn
from ecr.repository import ImageDetails, Mutability, TagMutability
from ecr.scan import ScanGate

OLD, NEW = (f"sha256:{digit * 64}" for digit in "ab")
SOURCE = SourceImage(
    arn=RepositoryArn("aws", "eu-west-1", "123456789012", "dev/app"), url="host.example/dev/app", digest=NEW, tag="v2"
)
MUTABLE, IMMUTABLE = TagMutability(Mutability.MUTABLE), TagMutability(Mutability.IMMUTABLE)


def wanted(*, digest: str | None = None, tag: str | None = None) -> Promotion:
    return Promotion(source_stack="dev", digest=digest, tag=tag, gate=ScanGate())


def image(*tags: str) -> ImageDetails:
    return ImageDetails(digest=OLD, tags=tags, pushed_at=None)


def test_a_pinned_digest_goes_before_the_one_that_the_source_has_published() -> None:
    assert promotion.digest_of(wanted(), SOURCE) == NEW
    assert promotion.digest_of(wanted(digest=OLD), SOURCE) == OLD


@pytest.mark.parametrize(
    ("in_source", "in_target", "expected"),
    [(True, True, Origin.SOURCE), (True, False, Origin.SOURCE), (False, True, Origin.TARGET)],
)
def test_an_image_is_taken_from_the_source_or_else_from_the_target(
    in_source: bool,  # noqa: FBT001 - a table
    in_target: bool,  # noqa: FBT001
    expected: Origin,
) -> None:
    found = promotion.origin_of(
        wanted(digest=OLD), SOURCE, in_source=in_source, in_target=in_target, target_repository="staging/app"
    )
    assert found is expected


def test_a_pinned_digest_that_nobody_holds_is_refused() -> None:
    with pytest.raises(InputError) as raised:
        promotion.origin_of(
            wanted(digest=OLD), SOURCE, in_source=False, in_target=False, target_repository="staging/app"
        )
    assert str(raised.value) == (
        f"container-registry:promote.digest: {OLD} is held neither by host.example/dev/app nor by staging/app; "
        "accepted: a digest that one of them holds"
    )


def test_a_published_digest_that_is_gone_sends_to_the_source_stack() -> None:
    with pytest.raises(InputError) as raised:
        promotion.origin_of(wanted(), SOURCE, in_source=False, in_target=False, target_repository="staging/app")
    assert str(raised.value) == (
        f"container-registry:promote.from: stack dev says that it published {NEW}, but host.example/dev/app does not "
        "hold it; run: pulumi up -s dev"
    )


@pytest.mark.parametrize(
    ("want", "in_source", "in_target", "expected"),
    [
        pytest.param(wanted(), None, None, "v2", id="the-sources"),
        pytest.param(wanted(tag="rc"), None, None, "rc", id="configured"),
        pytest.param(wanted(digest=NEW), None, None, "v2", id="pinned-to-what-the-source-has-now"),
        pytest.param(wanted(digest=OLD, tag="rc"), image("v1"), image("v1"), "rc", id="pinned-and-configured"),
        pytest.param(wanted(digest=OLD), image("x", "y"), image("v1"), "v1", id="rolled-back-to-the-targets-own"),
        pytest.param(wanted(digest=OLD), image("v1"), None, "v1", id="only-in-the-source"),
        pytest.param(wanted(digest=OLD), image("v1"), image(), "v1", id="untagged-in-the-target"),
    ],
)
def test_the_tag_is_the_one_that_the_image_has_unless_another_is_configured(
    want: Promotion, in_source: ImageDetails | None, in_target: ImageDetails | None, expected: str
) -> None:
    assert promotion.tag_of(want, SOURCE, in_source, in_target) == expected


@pytest.mark.parametrize(
    ("in_source", "in_target", "has"),
    [
        pytest.param(image(), image(), "has no tag", id="untagged"),
        pytest.param(None, image("v1", "stable"), "has the tags v1, stable", id="several"),
    ],
)
def test_a_pinned_image_without_one_tag_needs_a_configured_one(
    in_source: ImageDetails | None, in_target: ImageDetails | None, has: str
) -> None:
    with pytest.raises(InputError) as raised:
        promotion.tag_of(wanted(digest=OLD), SOURCE, in_source, in_target)
    assert str(raised.value) == (
        f"container-registry:promote.tag: is missing, and the pinned {OLD} {has}; name the tag that it is to get"
    )


@pytest.mark.parametrize(
    ("mutability", "tag_holds", "due"),
    [
        pytest.param(IMMUTABLE, None, True, id="new-tag"),
        pytest.param(IMMUTABLE, NEW, False, id="promoted-already"),
        pytest.param(MUTABLE, NEW, False, id="promoted-already-mutable"),
        pytest.param(MUTABLE, OLD, True, id="moved"),
        pytest.param(TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("v*",)), OLD, True, id="excluded"),
    ],
)
def test_a_promotion_is_due_when_the_tag_names_something_else(
    mutability: TagMutability,
    tag_holds: str | None,
    due: bool,  # noqa: FBT001 - a table
) -> None:
    release = Release(tag="v2", digest=NEW)
    plan = promotion.plan(release, Origin.SOURCE, tag_holds=tag_holds, mutability=mutability, repository="staging/app")
    assert plan.is_due is due


@pytest.mark.parametrize(
    "mutability", [IMMUTABLE, TagMutability(Mutability.MUTABLE_WITH_EXCLUSION, ("v*",))], ids=["immutable", "excluded"]
)
def test_an_immutable_tag_with_another_digest_is_refused_naming_both(mutability: TagMutability) -> None:
    with pytest.raises(Conflict) as raised:
        promotion.plan(
            Release(tag="v2", digest=NEW), Origin.SOURCE, tag_holds=OLD, mutability=mutability, repository="staging/app"
        )
    assert str(raised.value) == (
        f"staging/app:v2 can't be moved from {OLD} to {NEW}: the tag is immutable. Promote it under another tag "
        "(promote.tag), or publish it under a new one in the source."
    )


@pytest.mark.parametrize(
    ("tag_holds", "previous", "expected"),
    [
        pytest.param(None, None, f"staging/app:v2 becomes {NEW}; the tag is new there", id="first"),
        pytest.param(OLD, None, f"staging/app:v2 becomes {NEW}, in place of {OLD}", id="moved"),
        pytest.param(
            None,
            Release(tag="v1", digest=OLD),
            f"staging/app:v2 becomes {NEW}, after v1 ({OLD}), which stays in the repository",
            id="next",
        ),
        pytest.param(
            NEW,
            Release(tag="v1", digest=OLD),
            f"staging/app:v2 is {NEW} already; it follows v1 ({OLD}), which stays in the repository",
            id="rollback-to-what-is-there",
        ),
        pytest.param(NEW, None, f"staging/app:v2 is {NEW} already", id="adopted"),
        pytest.param(
            None, Release(tag="v2", digest=NEW), f"staging/app:v2 is gone and becomes {NEW} again", id="deleted"
        ),
    ],
)
def test_the_preview_names_both_digests(tag_holds: str | None, previous: Release | None, expected: str) -> None:
    plan = promotion.plan(
        Release(tag="v2", digest=NEW), Origin.SOURCE, tag_holds=tag_holds, mutability=MUTABLE, repository="staging/app"
    )
    assert plan.reason("staging/app", previous) == expected


ARN = "arn:aws:ecr:eu-west-1:123456789012:repository/dev/app"


def test_the_outputs_of_another_stack_are_read() -> None:
    assert promotion.source_image("dev", arn=ARN, url="host.example/dev/app", digest=NEW, tag="v2") == SOURCE


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        pytest.param(
            {"arn": "arn:aws:s3:::bucket"}, "'arn:aws:s3:::bucket' is not the ARN of an ECR repository", id="arn"
        ),
        pytest.param({"url": "https://x"}, "'https://x' is not a repository URL", id="url"),
        pytest.param({"digest": "v1"}, "image_digest 'v1' and image_tag 'v2' do not name an image", id="digest"),
        pytest.param({"tag": "a b"}, "image_tag 'a b' do not name an image", id="tag"),
    ],
)
def test_outputs_that_name_no_image_are_refused_by_the_stack(change: dict[str, str], seen: str) -> None:
    good = {"arn": ARN, "url": "host.example/dev/app", "digest": NEW, "tag": "v2"}
    with pytest.raises(InputError) as raised:
        promotion.source_image("dev", **{**good, **change})
    assert str(raised.value).startswith("container-registry:promote.from: the outputs of stack dev can't be used: ")
    assert seen in str(raised.value)
