from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ecr.lifecycle.comparison import Difference, Opinion, PreviewResult, compare
from ecr.lifecycle.evaluation import Outcome, evaluate
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import CountType, LifecyclePolicy, PolicyRule, TagStatus

NOW = datetime(2026, 11, 22, tzinfo=UTC)
IMAGES = [
    Image(digest=f"sha256:{number:064x}", tags=(f"v{number}",), pushed_at=NOW - timedelta(days=number))
    for number in range(4)
]
# Keeps the images 0 and 1; 3 is the oldest.
POLICY = LifecyclePolicy((PolicyRule(priority=7, tag_status=TagStatus.ANY, count_type=CountType.IMAGES, count=2),))
EVALUATION = evaluate(POLICY, IMAGES, NOW)

KEPT = Opinion(outcome=Outcome.KEEP)
EXPIRED = Opinion(outcome=Outcome.EXPIRE, rule=7)


def result(number: int, outcome: Outcome = Outcome.EXPIRE, rule: int | None = 7) -> PreviewResult:
    return PreviewResult(digest=f"sha256:{number:064x}", tags=(f"v{number}",), outcome=outcome, rule_priority=rule)


def difference(number: int, ours: Opinion | None, theirs: Opinion) -> Difference:
    return Difference(digest=f"sha256:{number:064x}", tags=(f"v{number}",), ours=ours, theirs=theirs)


@pytest.mark.parametrize(
    ("preview", "differences"),
    [
        pytest.param([result(2), result(3)], [], id="the-same"),
        pytest.param([result(3), result(2)], [], id="the-same-in-another-order"),
        pytest.param([], [difference(3, EXPIRED, KEPT), difference(2, EXPIRED, KEPT)], id="theirs-does-nothing"),
        pytest.param([result(1), result(2), result(3)], [difference(1, KEPT, EXPIRED)], id="theirs-expires-one-more"),
        pytest.param(
            [result(2, rule=8), result(3)],
            [difference(2, EXPIRED, Opinion(outcome=Outcome.EXPIRE, rule=8))],
            id="another-rule",
        ),
        pytest.param(
            [result(2), result(3, Outcome.ARCHIVE)],
            [difference(3, EXPIRED, Opinion(outcome=Outcome.ARCHIVE, rule=7))],
            id="another-outcome",
        ),
        pytest.param(
            [result(2), result(3, rule=None)],
            [difference(3, EXPIRED, Opinion(outcome=Outcome.EXPIRE))],
            id="no-rule-named",
        ),
        pytest.param(
            [result(9), result(8), result(2)],
            [difference(3, EXPIRED, KEPT), difference(8, None, EXPIRED), difference(9, None, EXPIRED)],
            id="images-that-are-not-in-our-list-come-last",
        ),
    ],
)
def test_what_differs_is_told_image_by_image_oldest_first(
    preview: list[PreviewResult], differences: list[Difference]
) -> None:
    assert compare(EVALUATION, preview) == tuple(differences)


@pytest.mark.parametrize(("opinion", "text"), [(KEPT, "keep"), (EXPIRED, "expire by rule 7")], ids=["kept", "expired"])
def test_an_opinion_is_put_in_words(opinion: Opinion, text: str) -> None:
    assert str(opinion) == text
