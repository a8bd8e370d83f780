from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta

import pytest

from ecr.build import ImageBuild
from ecr.errors import Conflict, ExitCode
from ecr.publication import Action, PublicationPlan, PublishedImage, plan
from ecr.repository import Mutability, TagMutability

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DIGEST = f"sha256:{'d' * 64}"
SAME = "a" * 12 + "0" * 52
OTHER = "b" * 12 + "0" * 52

MUTABLE = TagMutability(Mutability.MUTABLE)
IMMUTABLE = TagMutability(Mutability.IMMUTABLE)
IMMUTABLE_BUT_V = TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("v*",))
IMMUTABLE_BUT_X = TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("x*",))
MUTABLE_BUT_V = TagMutability(Mutability.MUTABLE_WITH_EXCLUSION, ("v*",))
MUTABLE_BUT_X = TagMutability(Mutability.MUTABLE_WITH_EXCLUSION, ("x*",))
EVERY_MUTABILITY = {
    "mutable": MUTABLE,
    "immutable": IMMUTABLE,
    "immutable-but-this": IMMUTABLE_BUT_V,
    "immutable-but-another": IMMUTABLE_BUT_X,
    "mutable-but-this": MUTABLE_BUT_V,
    "mutable-but-another": MUTABLE_BUT_X,
}
CAN_MOVE = {"mutable", "immutable-but-this", "mutable-but-another"}

FIXED, FOLLOWING = "v1.0.0", "v-{content}"
ABSENT, SILENT = "absent", "silent"


def planned(template: str, holds: str, mutability: TagMutability) -> PublicationPlan:
    """The plan for content SAME when the tag holds `holds`: nothing, an image that says nothing, or such content."""
    build = ImageBuild(context="app", dockerfile="app/Dockerfile", tag=template)
    published = None
    if holds != ABSENT:
        published = PublishedImage(
            tag=build.resolve_tag(SAME), digest=DIGEST, content_digest=None if holds == SILENT else holds
        )
    return plan(
        build, content_digest=SAME, published=published, mutability=mutability, repository="dev/yoon-app", now=NOW
    )


# What the tag holds decides; only a push over other content also needs a tag that can be moved.
WHATEVER_THE_MUTABILITY = [
    pytest.param(FIXED, ABSENT, Action.PUSH, id="fixed-absent"),
    pytest.param(FIXED, SAME, Action.ADOPT, id="fixed-same"),
    pytest.param(FIXED, SILENT, Action.FOLLOW_STATE, id="fixed-silent"),
    pytest.param(FOLLOWING, ABSENT, Action.PUSH, id="following-absent"),
    pytest.param(FOLLOWING, SAME, Action.ADOPT, id="following-same"),
    # The tag was derived from the content, so an image that says nothing is still this content.
    pytest.param(FOLLOWING, SILENT, Action.ADOPT, id="following-silent"),
]


@pytest.mark.parametrize("mutability", EVERY_MUTABILITY)
@pytest.mark.parametrize(("template", "holds", "action"), WHATEVER_THE_MUTABILITY)
def test_what_the_tag_holds_decides(template: str, holds: str, action: Action, mutability: str) -> None:
    assert planned(template, holds, EVERY_MUTABILITY[mutability]).action is action


@pytest.mark.parametrize("template", [FIXED, FOLLOWING])
@pytest.mark.parametrize("mutability", sorted(CAN_MOVE))
def test_other_content_is_pushed_over_a_tag_that_can_be_moved(mutability: str, template: str) -> None:
    assert planned(template, OTHER, EVERY_MUTABILITY[mutability]).action is Action.PUSH


@pytest.mark.parametrize("template", [FIXED, FOLLOWING])
@pytest.mark.parametrize("mutability", sorted(set(EVERY_MUTABILITY) - CAN_MOVE))
def test_other_content_is_refused_for_a_tag_that_cannot_be_moved(mutability: str, template: str) -> None:
    with pytest.raises(Conflict) as raised:
        planned(template, OTHER, EVERY_MUTABILITY[mutability])
    assert raised.value.exit_code is ExitCode.REFUSED


def test_a_conflict_says_which_tag_which_digests_and_what_to_do() -> None:
    with pytest.raises(Conflict) as raised:
        planned(FIXED, OTHER, IMMUTABLE)
    assert str(raised.value) == (
        f"dev/yoon-app:v1.0.0 can't be overwritten: it holds sha256:{'d' * 64} (content bbbbbbbbbbbb), this build is "
        "of content aaaaaaaaaaaa, and the tag is immutable. Choose a new build.tag, or let it follow the content with "
        "'{content}'."
    )


def test_a_plan_keeps_what_it_was_made_from() -> None:
    result = planned(FOLLOWING, SAME, IMMUTABLE)
    assert result == PublicationPlan(
        build=ImageBuild(context="app", dockerfile="app/Dockerfile", tag="v-{content}"),
        content_digest=SAME,
        tag="v-aaaaaaaaaaaa",
        action=Action.ADOPT,
        published=PublishedImage(tag="v-aaaaaaaaaaaa", digest=DIGEST, content_digest=SAME),
        made_at=NOW,
        repository="dev/yoon-app",
    )


def test_contents_that_share_only_their_first_12_digits_are_different() -> None:
    with pytest.raises(Conflict):
        planned(FIXED, f"{SAME[:12]}{'1' * 52}", IMMUTABLE)


def test_the_identity_of_a_plan_is_what_it_publishes_and_nothing_else() -> None:
    plan = planned(FIXED, SAME, IMMUTABLE)
    assert re.fullmatch("[0-9a-f]{12}", plan.identity)
    same = dataclasses.replace(plan, action=Action.ADOPT, made_at=NOW + timedelta(hours=1))
    assert same.identity == plan.identity
    assert dataclasses.replace(plan, tag="other").identity != plan.identity


@pytest.mark.parametrize(
    ("action", "published", "reason"),
    [
        (Action.PUSH, None, "dev/yoon-app:v1.0.0 is built and pushed: the repository holds no such tag"),
        (
            Action.PUSH,
            PublishedImage(tag="v1.0.0", digest=DIGEST, content_digest=None),
            f"dev/yoon-app:v1.0.0 is built and pushed: it holds other content ({DIGEST})",
        ),
        (Action.ADOPT, None, "dev/yoon-app:v1.0.0 holds this very content already"),
        (
            Action.FOLLOW_STATE,
            None,
            (
                "dev/yoon-app:v1.0.0 holds an image that does not say what it was made of: "
                "only the state tells whether it changed"
            ),
        ),
    ],
)
def test_a_plan_says_why(action: Action, published: PublishedImage | None, reason: str) -> None:
    plan = dataclasses.replace(planned(FIXED, SAME, IMMUTABLE), action=action, published=published, tag="v1.0.0")
    assert plan.reason == reason
