from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ecr.lifecycle.evaluation import evaluate
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from ecr.report.deletions import HORIZON_DAYS, NOW, WITH_NEXT_PUSH, Deletion, following
from tests.unit.ecr.report.samples import NOW as AT
from tests.unit.ecr.report.samples import digest, image, images

INDEX = "application/vnd.oci.image.index.v1+json"


def rule(count: int, count_type: CountType = CountType.IMAGES, **more: object) -> PolicyRule:
    given: dict[str, object] = {"priority": 1, "tag_status": TagStatus.ANY, **more}
    return PolicyRule(count_type=count_type, count=count, **given)  # type: ignore[arg-type]


def told(found: tuple[Deletion, ...]) -> list[tuple[str, str]]:
    return [(each.image.tags[0] if each.image.tags else each.image.digest, each.when) for each in found]


def going(*rules: PolicyRule, of: tuple[Image, ...]) -> list[tuple[str, str]]:
    return told(following(LifecyclePolicy(rules), of, AT))


def test_what_is_one_too_many_goes_within_a_day_and_the_next_with_the_next_push() -> None:
    of = tuple(image(f"i{number}", f"v{number}", days=number) for number in range(5))
    assert going(rule(3), of=of) == [("v4", NOW), ("v3", NOW), ("v2", WITH_NEXT_PUSH)]


def test_a_full_repository_loses_its_oldest_image_with_the_next_push() -> None:
    of = tuple(image(f"i{number}", f"v{number}", days=number) for number in range(3))
    assert going(rule(3), of=of) == [("v2", WITH_NEXT_PUSH)]
    assert going(rule(4), of=of) == []


def test_what_gets_too_old_goes_from_the_day_on_which_it_does() -> None:
    of = (image("a", "new", days=1), image("b", "soon", days=12.5), image("c", "old", days=15))
    assert going(rule(14, CountType.DAYS_SINCE_PUSH), of=of) == [
        ("old", NOW),
        ("soon", "from 2026-11-24"),
        ("new", "from 2026-12-05"),
    ]


def test_what_is_due_later_than_in_a_month_is_left_out() -> None:
    of = (image("a", "new", days=0),)
    assert going(rule(HORIZON_DAYS + 1, CountType.DAYS_SINCE_PUSH), of=of) == []


def test_the_day_is_the_first_on_which_the_policy_acts() -> None:
    of = images(40, hours=20)
    policy = LifecyclePolicy(
        (rule(14, CountType.DAYS_SINCE_PUSH, tag_status=TagStatus.UNTAGGED), rule(100, priority=2))
    )
    for found in following(policy, of, AT):
        if found.on is None:
            continue
        due = found.image.pushed_at + timedelta(days=14)
        assert due.date() == found.on
        for moment, goes in ((due, False), (due + timedelta(seconds=1), True)):
            acting = {each.image.digest for each in evaluate(policy, of, moment).actions}
            assert (found.image.digest in acting) is goes


def test_pulls_and_the_archive_count_from_when_they_happened() -> None:
    pulled = replace(image("a", "pulled", days=100), pulled_at=AT - timedelta(days=25))
    archived = replace(
        image("b", "archived", days=300), status=ImageStatus.ARCHIVED, archived_at=AT - timedelta(days=85)
    )
    rules = (
        rule(30, CountType.DAYS_SINCE_PULL, action=Action.ARCHIVE),
        rule(90, CountType.DAYS_SINCE_ARCHIVING, priority=2, storage_class=StorageClass.ARCHIVE),
    )
    found = following(LifecyclePolicy(rules), (pulled, archived), AT)
    assert {each.image.tags[0]: (each.outcome.value, each.on) for each in found} == {
        "pulled": ("archive", date(2026, 11, 27)),
        "archived": ("expire", date(2026, 11, 27)),
    }


def test_the_next_push_is_like_the_last_image_that_stands_alone() -> None:
    child = image("child", days=0.1)
    index = replace(image("index", "v9", days=0.1), media_type=INDEX, children=(child.digest,))
    signature = replace(image("signature", days=0.01), subject=index.digest)
    of = (signature, child, index, image("old", "v8", days=3))
    keep = rule(2, tag_status=TagStatus.TAGGED, tag_prefixes=("v",))
    assert going(keep, of=of) == [("v8", WITH_NEXT_PUSH)]


def test_a_referrer_goes_with_its_subject() -> None:
    old = image("old", "v1", days=13)
    referrer = replace(image("signature", days=20), subject=old.digest)
    found = following(LifecyclePolicy((rule(14, CountType.DAYS_SINCE_PUSH),)), (old, referrer), AT)
    assert {each.image.digest for each in found} == {old.digest, referrer.digest}
    assert all(each.on is not None and each.on > AT.date() for each in found)


@pytest.mark.parametrize("count", [10**6, 10**9, 10**30])
def test_huge_numbers_of_days_never_come(count: int) -> None:
    assert going(rule(count, CountType.DAYS_SINCE_PUSH), of=images(3)) == []


def test_without_rules_or_images_nothing_goes() -> None:
    assert going(of=images(3)) == []
    assert going(rule(1), of=()) == []


def test_no_image_is_named_that_is_not_there() -> None:
    of = images(20)
    found = following(LifecyclePolicy((rule(1),)), of, AT)
    assert {each.image.digest for each in found} == {each.digest for each in of}
    assert digest("other") not in {each.image.digest for each in found}
