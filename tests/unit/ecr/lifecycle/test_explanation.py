"""What users read about one image: the whole text for a repository in which everything happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ecr.lifecycle.evaluation import Evaluation, Outcome, evaluate
from ecr.lifecycle.explanation import explain, verdict
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


PROD, BETA, UNTAGGED, STORED, PULLED = (
    PolicyRule(
        priority=1,
        tag_status=TagStatus.TAGGED,
        tag_patterns=("prod*",),
        count_type=CountType.IMAGES,
        count=1,
        description="keep the latest release",
    ),
    PolicyRule(
        priority=2, tag_status=TagStatus.TAGGED, tag_prefixes=("beta", "x"), count_type=CountType.IMAGES, count=1
    ),
    PolicyRule(priority=3, tag_status=TagStatus.UNTAGGED, count_type=CountType.DAYS_SINCE_PUSH, count=14),
    PolicyRule(
        priority=4,
        tag_status=TagStatus.ANY,
        storage_class=StorageClass.ARCHIVE,
        count_type=CountType.DAYS_SINCE_ARCHIVING,
        count=90,
    ),
    PolicyRule(
        priority=5,
        tag_status=TagStatus.ANY,
        count_type=CountType.DAYS_SINCE_PULL,
        count=30,
        action=Action.ARCHIVE,
    ),
)
SHIELD = PolicyRule(
    priority=1,
    tag_status=TagStatus.TAGGED,
    tag_patterns=("prod*",),
    count_type=CountType.DAYS_SINCE_PUSH,
    count=36_500,
)
IMAGES = (
    Image(digest=digest("a"), tags=("beta-1", "prod-1", "x"), pushed_at=ago(10), size=100_000_000),
    Image(digest=digest("b"), tags=("beta-2", "prod-2", "x"), pushed_at=ago(9)),
    Image(digest=digest("c"), tags=("beta-3",), pushed_at=ago(31), children=(digest("d"),)),
    Image(digest=digest("d"), pushed_at=ago(20)),
    Image(digest=digest("e"), pushed_at=ago(20), subject=digest("a")),
    Image(digest=digest("f"), pushed_at=ago(20), subject=digest("b")),
    Image(digest=digest("0"), pushed_at=ago(200), status=ImageStatus.ARCHIVED, archived_at=ago(91)),
    Image(digest=digest("1"), pushed_at=ago(200), status=ImageStatus.ACTIVATING),
    Image(digest=digest("2"), pushed_at=ago(200), status=ImageStatus.ARCHIVED),
)


@pytest.fixture
def evaluation() -> Evaluation:
    return evaluate(LifecyclePolicy((PROD, BETA, UNTAGGED, STORED, PULLED)), IMAGES, NOW)


def test_an_image_is_explained_rule_by_rule(evaluation: Evaluation) -> None:
    assert explain(evaluation, digest("a")) == (
        f"{digest('a')}, tagged beta-1, prod-1, x, pushed 10.0 days ago, 100.0 MB",
        (
            "rule 1 (keep the latest release): matches it; it is number 2 of 2, the youngest first, "
            "beyond the latest 1, so it expires"
        ),
        (
            "rule 2: matches it; it is number 2 of 2, the youngest first, beyond the latest 1, but rule 1 has matched "
            "it before and shields it"
        ),
        "rule 3: does not match it: it has tags",
        "rule 4: does not see it: the rule is for images in archive storage",
        (
            "rule 5: matches it; it was last pulled, restored or pushed 10.0 days ago, not more than 30 days, "
            "but rule 1 has matched it before and shields it"
        ),
        (
            "result: expire: rule 1 (keep the latest release) matches it, and it is number 2 of 2, the youngest first, "
            "beyond the latest 1"
        ),
    )


@pytest.mark.parametrize(
    ("letter", "priority", "step"),
    [
        pytest.param("c", 1, "does not match it: prod* matches none of its tags", id="one-pattern"),
        pytest.param(
            "c", 2, "does not match it: each of beta* and x* would have to match one of its tags", id="several-prefixes"
        ),
        pytest.param("d", 1, "does not match it: it has no tags", id="untagged"),
        pytest.param(
            "d", 3, "matches it; it was pushed 20.0 days ago, more than 14 days, but an index lists it", id="child"
        ),
        pytest.param(
            "e",
            3,
            "matches it; it was pushed 20.0 days ago, more than 14 days, but it goes only with the image that it "
            "refers to",
            id="referrer",
        ),
        pytest.param("0", 4, "matches it; it was archived 91.0 days ago, more than 90 days, so it expires", id="old"),
        pytest.param(
            "2",
            4,
            "matches it; it was archived at a time that is not known, not more than 90 days, so it stays",
            id="archived-some-day",
        ),
        pytest.param("0", 5, "does not see it: the rule is for images in standard storage", id="class"),
        pytest.param("c", 5, "matches it; it was last pulled, restored or pushed 31.0 days ago, more than 30 days, "
                     "so it goes to the archive", id="pulled"),
    ],
)  # fmt: skip
def test_each_rule_says_what_it_makes_of_an_image(
    evaluation: Evaluation, letter: str, priority: int, step: str
) -> None:
    line = explain(evaluation, digest(letter))[priority]
    assert line.partition(": ")[2] == step


@pytest.mark.parametrize(
    ("letter", "outcome", "rule", "reason"),
    [
        pytest.param(
            "b",
            Outcome.KEEP,
            None,
            "rule 1 (keep the latest release) matches it, but it is number 1 of 2, the youngest first, within the "
            "latest 1",
            id="within",
        ),
        pytest.param(
            "c",
            Outcome.ARCHIVE,
            PULLED,
            "rule 5 matches it, and it was last pulled, restored or pushed 31.0 days ago, more than 30 days",
            id="archive",
        ),
        pytest.param(
            "d", Outcome.KEEP, None, f"the index {digest('c')} lists it, and it stays as long as that does", id="child"
        ),
        pytest.param("e", Outcome.EXPIRE, PROD, f"it refers to {digest('a')} and goes with it", id="follows"),
        pytest.param("f", Outcome.KEEP, None, f"it refers to {digest('b')}, which stays", id="stays-with"),
        pytest.param(
            "1",
            Outcome.KEEP,
            None,
            "it is being restored from the archive, and until then no rule sees it",
            id="being-restored",
        ),
    ],
)
def test_the_verdict_names_the_rule_and_the_reason(
    evaluation: Evaluation, letter: str, outcome: Outcome, rule: PolicyRule | None, reason: str
) -> None:
    found = verdict(evaluation, digest(letter))
    assert (found.image.digest, found.outcome, found.rule, found.reason) == (digest(letter), outcome, rule, reason)


def test_an_image_that_no_rule_matches_stays() -> None:
    found = verdict(evaluate(LifecyclePolicy((UNTAGGED,)), IMAGES, NOW), digest("a"))
    assert (found.outcome, found.reason) == (Outcome.KEEP, "no rule matches it")


def test_a_protecting_rule_says_that_it_protects_and_from_what() -> None:
    rest = PolicyRule(priority=2, tag_status=TagStatus.ANY, count_type=CountType.IMAGES, count=1)
    found = verdict(evaluate(LifecyclePolicy((SHIELD, rest)), IMAGES, NOW), digest("a"))
    assert found.reason == "rule 1 matches it, but the rule never acts, it protects; that shields it from rule 2"


def test_the_description_tells_where_an_image_is(evaluation: Evaluation) -> None:
    assert explain(evaluation, digest("0"))[0] == f"{digest('0')}, untagged, pushed 200.0 days ago, 0 B, in the archive"
    assert explain(evaluation, digest("1"))[0].endswith(", being restored")


def test_a_digest_that_is_not_there_is_an_error(evaluation: Evaluation) -> None:
    with pytest.raises(KeyError):
        verdict(evaluation, digest("9"))
