from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TypedDict, Unpack

import pytest

from ecr import price_table
from ecr.lifecycle import forecast as forecasts
from ecr.lifecycle.forecast import DAYS, Forecast, Stored, tally
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from ecr.oci.manifest import OCI_INDEX

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GB = 10**9
CHEAPER_ARCHIVE_ABOVE_GB = 153_600
PRICES = price_table.prices(price_table.REGION)
forecast = partial(forecasts.forecast, prices=PRICES)


class More(TypedDict, total=False):
    """What else there may be to say of an image."""

    tags: tuple[str, ...]
    media_type: str
    status: ImageStatus
    archived_at: datetime
    activated_at: datetime
    pulled_at: datetime
    subject: str
    children: tuple[str, ...]


NOTHING = LifecyclePolicy(())


def image(number: int, age_days: float, **more: Unpack[More]) -> Image:
    pushed_at = NOW - timedelta(days=age_days)
    return dataclasses.replace(Image(digest=f"sha256:{number:064x}", pushed_at=pushed_at, size=GB), **more)


def keep(count: int) -> LifecyclePolicy:
    return LifecyclePolicy(
        (PolicyRule(priority=1, tag_status=TagStatus.ANY, count_type=CountType.IMAGES, count=count),)
    )


def archive(count_type: CountType, days: int) -> PolicyRule:
    return PolicyRule(priority=1, tag_status=TagStatus.ANY, count_type=count_type, count=days, action=Action.ARCHIVE)


EXPIRE_ARCHIVED = PolicyRule(
    priority=2, tag_status=TagStatus.ANY, storage_class=StorageClass.ARCHIVE,
    count_type=CountType.DAYS_SINCE_ARCHIVING, count=90,
)  # fmt: skip
DAILY = [image(number, number + 0.5) for number in range(10)]


def counts(found: Forecast, *days: int) -> list[tuple[int, int]]:
    """Images with and without the policy."""
    return [(found.days[day].with_policy.images, found.days[day].without_policy.images) for day in days]


def test_day_0_is_now_and_the_days_are_in_order() -> None:
    found = forecast(keep(3), DAILY, NOW)
    assert [row.day for row in found.days] == list(range(DAYS + 1))
    assert found.days[0].with_policy == found.days[0].without_policy == tally(DAILY)


def test_one_push_a_day_goes_on_as_one_push_a_day() -> None:
    found = forecast(keep(3), DAILY, NOW)
    assert (found.window_days, found.pushes, found.pushed_bytes) == (10, 10, 10 * GB)
    assert counts(found, 0, 1, 2, 10, 11, 90) == [(10, 10), (3, 11), (3, 12), (3, 20), (3, 21), (3, 100)]
    assert found.days[90].without_policy.bytes == 100 * GB
    assert found.days[90].with_policy.bytes == 3 * GB


def test_pushes_come_on_the_days_of_the_window_on_which_they_came_before() -> None:
    # Three images in the first day of a window of five, one in the last.
    images = [image(number, 4.9 - number / 100) for number in range(3)] + [image(3, 0.1)]
    found = forecast(NOTHING, images, NOW, 11)
    assert [row.without_policy.images for row in found.days] == [4, 7, 7, 7, 7, 8, 11, 11, 11, 11, 12, 15]


def test_only_the_last_90_days_are_repeated() -> None:
    images = [*(image(number, 200 + number) for number in range(50)), image(99, 1)]
    found = forecast(NOTHING, images, NOW)
    assert (found.window_days, found.pushes) == (90, 1)
    assert counts(found, 90) == [(52, 52)]


@pytest.mark.parametrize(
    ("age_days", "window_days", "pushes"),
    [
        pytest.param(0, 1, 1, id="pushed-now"),
        pytest.param(0.05, 1, 1, id="within-the-last-hours"),
        pytest.param(1, 1, 0, id="just-a-day-ago-is-the-time-before-the-window"),
        pytest.param(1.01, 2, 1, id="more-than-a-day"),
        pytest.param(89.9, 90, 1, id="within-the-longest-window"),
        pytest.param(90.1, 90, 0, id="beyond-the-longest-window"),
    ],
)
def test_the_window_reaches_back_to_the_oldest_push(age_days: float, window_days: int, pushes: int) -> None:
    found = forecast(NOTHING, [image(1, age_days)], NOW, 1)
    assert (found.window_days, found.pushes) == (window_days, pushes)


def test_an_empty_repository_stays_empty() -> None:
    found = forecast(keep(1), [], NOW)
    assert counts(found, 0, 90) == [(0, 0), (0, 0)]
    assert found.days[90].with_policy.cost_usd(PRICES) == 0


def test_repeated_images_carry_the_tags_that_rules_look_at() -> None:
    images = [image(0, 0.5, tags=("v1",)), image(1, 1.5, tags=("latest",)), image(2, 1.7)]
    rules = [
        PolicyRule(priority=1, tag_status=TagStatus.TAGGED, tag_patterns=("v*",), count_type=CountType.IMAGES, count=5),
        PolicyRule(priority=2, tag_status=TagStatus.UNTAGGED, count_type=CountType.IMAGES, count=1),
    ]
    found = forecast(LifecyclePolicy(tuple(rules)), images, NOW, 20)
    # 11 each without the policy; with it 5 of v*, 1 untagged, and all of latest, which no rule matches.
    assert counts(found, 20) == [(5 + 1 + 11, 33)]


def test_images_are_archived_and_later_expired() -> None:
    rules = LifecyclePolicy((archive(CountType.DAYS_SINCE_PUSH, 5), EXPIRE_ARCHIVED))
    found = forecast(rules, DAILY, NOW, 120)
    # On day 1 the images 5 to 9 are older than 5 days, and 4 is 5.5 days old as well.
    assert (found.days[1].with_policy.images, found.days[1].with_policy.archived) == (11, 6)
    # Archived on day 1, more than 90 days later on day 92.
    assert [found.days[day].with_policy.archived for day in (90, 91, 92, 93)] == [95, 96, 91, 91]
    assert found.days[90].with_policy.archived_bytes == 95 * GB


def test_an_archived_image_was_pushed_once_as_any_other() -> None:
    images = [image(0, 0.5, status=ImageStatus.ARCHIVED, archived_at=NOW)]
    found = forecast(NOTHING, images, NOW, 3)
    assert (found.days[3].with_policy.images, found.days[3].with_policy.archived) == (4, 1)


def test_an_image_that_is_being_restored_counts_as_restored_from_the_first_day() -> None:
    images = [image(0, 200, status=ImageStatus.ACTIVATING), image(1, 150)]
    found = forecast(keep(1), images, NOW, 1)
    assert counts(found, 1) == [(1, 2)]


def test_an_index_is_repeated_with_its_own_children() -> None:
    def built(number: int, age: float) -> list[Image]:
        child = image(number, age + 0.01)
        index = image(number + 1, age, tags=("v1",), media_type=OCI_INDEX, children=(child.digest,))
        return [child, index]

    found = forecast(keep(2), [*built(0, 0.5), *built(2, 1.5)], NOW, 30)
    # The latest two are a child and its index; a child goes a day after its index.
    assert counts(found, 30) == [(3, 64)]


def test_a_referrer_is_repeated_with_its_own_subject() -> None:
    images = [image(0, 0.6), image(1, 0.5, subject=image(0, 0).digest)]
    policy = LifecyclePolicy(
        (PolicyRule(priority=1, tag_status=TagStatus.ANY, count_type=CountType.DAYS_SINCE_PUSH, count=2),)
    )
    # Each day two; those of the last two days, and what is not yet two days old, stay.
    assert counts(forecast(policy, images, NOW, 30), 30) == [(4, 62)]


def test_a_referrer_goes_with_its_own_subject_and_not_with_the_one_before() -> None:
    images = [image(0, 0.6), image(1, 0.5, subject=image(0, 0).digest)]
    policy = LifecyclePolicy(
        (PolicyRule(priority=1, tag_status=TagStatus.ANY, count_type=CountType.DAYS_SINCE_PUSH, count=2),)
    )
    assert counts(forecast(policy, images, NOW, 2), 2) == [(4, 6)]


def test_a_referrer_of_an_image_from_before_the_window_still_refers_to_it() -> None:
    images = [image(0, 200), image(1, 0.5, subject=image(0, 0).digest)]
    policy = LifecyclePolicy(
        (PolicyRule(priority=1, tag_status=TagStatus.ANY, count_type=CountType.DAYS_SINCE_PUSH, count=290),)
    )
    assert counts(forecast(policy, images, NOW, 91), 90, 91) == [(3, 3), (0, 3)]


def test_what_is_pushed_is_never_pulled() -> None:
    policy = LifecyclePolicy((archive(CountType.DAYS_SINCE_PULL, 5),))
    found = forecast(policy, [image(0, 0.5, pulled_at=NOW, activated_at=NOW)], NOW, 20)
    # Pushed within the last 5 days: 5 of 21.
    assert (found.days[20].with_policy.images, found.days[20].with_policy.archived) == (21, 16)


def test_a_restored_image_counts_as_pulled_when_it_was_restored() -> None:
    policy = LifecyclePolicy((archive(CountType.DAYS_SINCE_PULL, 5),))
    found = forecast(policy, [image(0, 200, status=ImageStatus.ACTIVATING)], NOW, 6)
    assert [found.days[day].with_policy.archived for day in (1, 5, 6)] == [0, 0, 1]


def test_an_index_adds_no_bytes_of_its_own() -> None:
    images = [image(0, 1), image(1, 1, media_type=OCI_INDEX)]
    assert tally(images) == Stored(images=2, archived=0, bytes=GB, archived_bytes=0)


@pytest.mark.parametrize(
    ("gigabytes", "archived", "cost"),
    [
        pytest.param(0, 0, "0.00", id="nothing"),
        pytest.param(12, 0, "1.20", id="standard"),
        pytest.param(12, 12, "1.20", id="the-archive-costs-the-same"),
        pytest.param(CHEAPER_ARCHIVE_ABOVE_GB, CHEAPER_ARCHIVE_ABOVE_GB, "15360.00", id="up-to-150-TB"),
        pytest.param(CHEAPER_ARCHIVE_ABOVE_GB + 100, CHEAPER_ARCHIVE_ABOVE_GB + 100, "15367.00", id="less-above-it"),
        pytest.param(CHEAPER_ARCHIVE_ABOVE_GB + 100, 100, "15370.00", id="standard-above-it-is-not-cheaper"),
    ],
)
def test_the_cost_is_that_of_amazons_price_list(gigabytes: int, archived: int, cost: str) -> None:
    stored = Stored(images=1, archived=1, bytes=gigabytes * GB, archived_bytes=archived * GB)
    assert stored.cost_usd(PRICES) == Decimal(cost)


def test_the_same_images_in_any_order_give_the_same_forecast() -> None:
    assert forecast(keep(4), [*DAILY[5:], *DAILY[4::-1]], NOW) == forecast(keep(4), DAILY, NOW)


def test_the_assumptions_are_said() -> None:
    assert forecast(keep(3), DAILY, NOW, 1).assumptions == (
        "the pushes of the last 10 days repeat: 10 images that are still there; what was deleted since is unknown",
        "1 GB costs 0.10 USD a month (this program's own table, 2026-09-11)",
    )
    policy = LifecyclePolicy((archive(CountType.DAYS_SINCE_PULL, 30),))
    assert forecast(policy, [image(0, 0.5)], NOW, 1).assumptions[:2] == (
        "the pushes of the last day repeat: 1 image that is still there; what was deleted since is unknown",
        "nobody pulls an image from now on; images in use stay longer than shown",
    )


@pytest.mark.parametrize("exponent", [18, 39, 5000])
def test_any_number_of_bytes_has_a_cost(exponent: int) -> None:
    stored = Stored(images=1, archived=1, bytes=10**exponent, archived_bytes=0)
    assert int(stored.cost_usd(PRICES)) == 10 ** (exponent - 10)
    assert stored.cost_usd(PRICES).as_tuple().exponent == -2
