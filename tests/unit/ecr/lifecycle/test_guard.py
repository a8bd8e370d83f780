"""Which of the images that a policy acts on are protected, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ecr.lifecycle import guard
from ecr.lifecycle.evaluation import Outcome, evaluate
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, TagStatus
from ecr.oci.manifest import OCI_INDEX

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DEPLOYED = "deployed by this stack"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(number: int, *tags: str, **more: object) -> Image:
    """The higher its number, the younger it is."""
    made = Image(digest=digest(number), tags=tags, pushed_at=NOW - timedelta(days=100 - number))
    return replace(made, **more)  # type: ignore[arg-type]  # the fields of an image, as the test names them


def index(number: int, *children: int, **more: object) -> Image:
    return image(number, media_type=OCI_INDEX, children=tuple(map(digest, children)), **more)


def keep(count: int, **more: object) -> LifecyclePolicy:
    rule = PolicyRule(
        priority=1, tag_status=TagStatus.ANY, count_type=CountType.IMAGES, count=count, description="keep the latest"
    )
    return LifecyclePolicy((replace(rule, **more),))  # type: ignore[arg-type]  # as above


def judge(
    policy: LifecyclePolicy, images: list[Image], protected: dict[int, str] | None = None, *patterns: str
) -> guard.GuardVerdict:
    reasons = {digest(number): reason for number, reason in (protected or {}).items()}
    return guard.judge(evaluate(policy, images, NOW), reasons, patterns)


def violated(verdict: guard.GuardVerdict) -> dict[int, str]:
    return {int(each.image.digest.removeprefix("sha256:"), 16): each.reason for each in verdict.violations}


def test_a_policy_that_acts_on_nothing_is_silent() -> None:
    verdict = judge(keep(5), [image(1), image(2)], {1: DEPLOYED}, "*")
    assert (verdict.acted, verdict.violations, verdict.lines("dev/app")) == ((), (), [])


def test_a_protected_image_that_stays_is_no_violation() -> None:
    verdict = judge(keep(1), [image(1), image(2)], {2: DEPLOYED})
    assert [each.image for each in verdict.acted] == [image(1)]
    assert verdict.violations == ()


@pytest.mark.parametrize("action", list(Action), ids=lambda action: action.value)
def test_a_protected_image_may_neither_expire_nor_be_archived(action: Action) -> None:
    verdict = judge(keep(1, action=action), [image(1, "v1"), image(2, "v2")], {1: DEPLOYED})
    (violation,) = verdict.violations
    outcome = Outcome.EXPIRE if action is Action.EXPIRE else Outcome.ARCHIVE
    assert (violation.image.digest, violation.outcome, violation.rule.priority) == (digest(1), outcome, 1)
    expected = f"{outcome} v1 (sha256:000000000000) by rule 1 (keep the latest), but it is deployed by this stack"
    assert str(violation) == expected


def test_a_digest_that_is_not_in_the_repository_protects_nothing() -> None:
    assert judge(keep(1), [image(1), image(2)], {9: DEPLOYED}).violations == ()


@pytest.mark.parametrize(
    ("tags", "patterns", "expected"),
    [
        pytest.param(("release-1",), ("release-*",), "protected by the pattern release-*", id="a-pattern"),
        pytest.param(("x", "prod-1"), ("release-*", "prod-*"), "protected by the pattern prod-*", id="any-tag-any-one"),
        pytest.param(("dev-1",), ("release-*",), None, id="another-tag"),
        pytest.param((), ("*",), None, id="untagged"),
    ],
)
def test_what_matches_protect_is_protected(
    tags: tuple[str, ...], patterns: tuple[str, ...], expected: str | None
) -> None:
    found = violated(judge(keep(1), [image(1, *tags), image(2)], None, *patterns))
    assert found == ({} if expected is None else {1: expected})


def test_what_is_known_of_the_very_image_comes_before_a_pattern() -> None:
    assert violated(judge(keep(1), [image(1, "v1"), image(2)], {1: DEPLOYED}, "v*")) == {1: DEPLOYED}


# -- indexes ----------------------------------------------------------------------------------------------------------

PART = "the index of sha256:000000000000, in use"


@pytest.mark.parametrize(
    ("images", "protected", "expected"),
    [
        pytest.param([image(1), index(2, 1), image(9)], {1: "in use"}, {2: PART}, id="the-index-of-a-protected-image"),
        pytest.param(
            [image(1), index(2, 1), index(3, 2), image(9)], {1: "in use"}, {3: PART}, id="the-index-of-its-index"
        ),
        pytest.param(
            [image(1), image(2), index(3, 2), index(4, 1), image(9)], {1: "in use"}, {4: PART}, id="no-other-index"
        ),
        pytest.param(
            # The other index may go: the first one still keeps the image that both list.
            [image(1), index(2, 1), index(3, 1), image(9)],
            {2: DEPLOYED},
            {2: DEPLOYED},
            id="no-index-with-a-common-entry",
        ),
        pytest.param(
            [index(1, 2, status=ImageStatus.ARCHIVED), image(2), image(9)],
            {1: DEPLOYED},
            {2: "part of sha256:000000000000, deployed by this stack"},
            id="what-an-archived-index-no-longer-keeps",
        ),
        pytest.param([index(1, 1), index(2, 2), image(9)], {1: "in use"}, {1: "in use"}, id="an-index-of-itself"),
    ],
)
def test_what_a_protected_image_hangs_on_is_protected(
    images: list[Image], protected: dict[int, str], expected: dict[int, str]
) -> None:
    assert violated(judge(keep(1), images, protected)) == expected


def test_what_refers_to_a_protected_image_is_protected_too() -> None:
    signature = image(2, f"sha256-{1:064x}.sig")
    found = violated(judge(keep(1), [image(1), signature, image(9)], {1: DEPLOYED}))
    assert found == {1: DEPLOYED, 2: f"a referrer of sha256:000000000000, {DEPLOYED}"}


# -- what is said -----------------------------------------------------------------------------------------------------


def test_protected_images_are_named_first_and_the_rest_oldest_first() -> None:
    images = [image(1), image(2, "v2"), image(3, "v3", "latest"), image(4, "v4")]
    assert judge(keep(1), images, {3: DEPLOYED}).lines("dev/app") == [
        "repository dev/app: within a day, the lifecycle policy would expire 3 of 4 images:",
        "  expire v3, latest (sha256:000000000000) by rule 1 (keep the latest), but it is deployed by this stack",
        "  expire untagged sha256:000000000000 by rule 1 (keep the latest)",
        "  expire v2 (sha256:000000000000) by rule 1 (keep the latest)",
    ]


def test_at_most_ten_images_are_named() -> None:
    lines = judge(keep(1), [image(number) for number in range(30)], {5: DEPLOYED}).lines("dev/app")
    assert len(lines) == 12
    assert "deployed by this stack" in lines[1]
    assert lines[-1] == "  and 19 more"


def test_expired_and_archived_images_are_counted_apart() -> None:
    archive = replace(keep(1).rules[0], priority=2, action=Action.ARCHIVE, tag_status=TagStatus.TAGGED)
    policy = LifecyclePolicy(
        (replace(keep(1).rules[0], tag_status=TagStatus.UNTAGGED), replace(archive, tag_patterns=("*",)))
    )
    images = [image(1), image(2), image(3, "a"), image(4, "b"), image(5, "c")]
    assert judge(policy, images).lines("dev/app")[0].endswith("would expire 1 and archive 2 of 5 images:")


def test_long_descriptions_and_many_tags_are_shortened_and_a_rule_needs_no_description() -> None:
    images = [image(1, *"abcde"), image(2)]
    (_, line) = judge(keep(1, description="x" * 256), images).lines("dev/app")
    assert line == f"  expire a, b, c, 2 more (sha256:000000000000) by rule 1 ({'x' * 77}...)"
    (_, line) = judge(keep(1, description=""), images).lines("dev/app")
    assert line.endswith("by rule 1")


# -- an image that arrives --------------------------------------------------------------------------------------------


def test_an_image_that_arrives_is_the_youngest_and_takes_its_tag() -> None:
    images = [replace(image(1), tags=("v1", "latest")), image(2)]
    first, second, arrived = guard.expected(images, guard.Arrival("latest"), NOW)
    assert first == replace(images[0], tags=("v1",))
    assert second == images[1]
    assert arrived.tags == ("latest",)
    assert all(arrived.pushed_at >= one.pushed_at for one in images)


def test_an_image_that_is_there_already_only_gets_the_tag() -> None:
    images = [replace(image(1), tags=("v1", "latest")), replace(image(2), tags=("v2",))]
    found = guard.expected(images, guard.Arrival("latest", images[1].digest), NOW)
    assert [one.tags for one in found] == [("v1",), ("v2", "latest")]
    assert guard.expected(found, guard.Arrival("latest", images[1].digest), NOW) == found


def test_an_image_that_arrives_by_its_digest_has_it() -> None:
    assert guard.expected([], guard.Arrival("v1", image(1).digest), NOW)[0].digest == image(1).digest


def test_text_of_others_can_not_move_the_cursor() -> None:
    tagged = replace(image(1), tags=("v\x1b[31m", "x\ny"))
    (_, line) = judge(keep(1), [tagged, image(2)]).lines("dev/app")
    assert "\\x1b[31m" in line
    assert "\n" not in line
