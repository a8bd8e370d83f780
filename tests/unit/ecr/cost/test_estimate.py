"""What a repository costs, with this policy and others: figures worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr import price_table
from ecr.cost import estimate as estimates
from ecr.cost import showing
from ecr.cost.estimate import Pulls, RepositoryCost
from ecr.cost.layers import Contents
from ecr.cost.prices import GB
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, TagStatus
from ecr.oci.manifest import OCI_INDEX
from tests.unit.ecr.cost.making import ARCHIVED, NOW, contents, digest, image, known

PRICES = price_table.prices("us-east-1")
BASE = 4 * GB


def keep(count: int, action: Action = Action.EXPIRE) -> LifecyclePolicy:
    rule = PolicyRule(
        priority=1,
        tag_status=TagStatus.ANY,
        count_type=CountType.IMAGES,
        count=count,
        action=action,
        description="keep",
    )
    return LifecyclePolicy((rule,))


def daily(count: int) -> tuple[list[Image], dict[str, Contents]]:
    """An image a day, the youngest first, of a base that all share and a gigabyte of its own; v0 is the youngest."""
    images = [image(f"v{number}", number + 0.5, tags=(f"v{number}",), size=BASE + GB) for number in range(count)]
    made = [contents(f"v{number}", 0, (), base=BASE, **{f"own{number}": GB}) for number in range(count)]
    return images, dict(known(*made))


def estimate(
    images: list[Image],
    found: dict[str, Contents],
    policy: LifecyclePolicy | None = None,
    *,
    pulls: Pulls | None = None,
    protected: dict[str, str] | None = None,
    patterns: tuple[str, ...] = (),
) -> RepositoryCost:
    return estimates.estimate(
        "prod/app",
        images,
        found,
        policy=policy,
        prices=PRICES,
        now=NOW,
        pulls=pulls,
        protected=protected,
        patterns=patterns,
    )


class Found(NamedTuple):
    """What one policy would do: the first tags of what it deletes, what is left to pay, and what has to stay."""

    deletes: list[str]
    usd: Decimal
    violations: list[str]


def variant(cost: RepositoryCost, name: str) -> Found:
    (found,) = [each for each in cost.variants if each.name == name]
    deletes = [one.tags[0] if one.tags else "-" for one in found.deleted]
    return Found(deletes, found.monthly_usd, list(found.violations))


def test_the_base_is_paid_for_once() -> None:
    cost = estimate(*daily(12), keep(3))
    assert (cost.images, cost.distinct_bytes, cost.naive_bytes) == (12, 16 * GB, 60 * GB)
    assert (cost.monthly_usd, cost.naive_monthly_usd) == (Decimal("1.6"), Decimal(6))
    # 9 images of a gigabyte each go; the base stays for the other 3.
    assert cost.saved_by_policy_usd == Decimal("0.9")


def test_each_policy_says_what_it_deletes_and_leaves() -> None:
    cost = estimate(*daily(32), keep(30))
    assert [each.name for each in cost.variants] == ["own", "keep-10", "untagged-1-keep-30"]
    assert variant(cost, "own") == Found(["v31", "v30"], Decimal("3.4"), [])
    assert variant(cost, "keep-10").deletes == [f"v{number}" for number in range(31, 9, -1)]
    assert variant(cost, "keep-10").usd == Decimal("1.4")
    assert variant(cost, "untagged-1-keep-30").usd == Decimal("3.4")
    assert cost.cheapest == "keep-10"


def test_untagged_images_go_after_a_day_by_the_third_one() -> None:
    images, found = daily(2)
    images += [image("old", 2, size=GB), image("new", 0.5, size=GB)]
    found |= known(contents("old", 0, o=GB), contents("new", 0, n=GB))
    assert variant(estimate(images, found), "untagged-1-keep-30").deletes == ["-"]


def test_without_a_policy_nothing_is_saved_by_one() -> None:
    cost = estimate(*daily(12))
    assert cost.saved_by_policy_usd is None
    assert cost.variants[0].name == "none"
    assert cost.variants[0].monthly_usd == cost.monthly_usd


def test_of_policies_that_cost_the_same_the_own_one_is_named() -> None:
    assert estimate(*daily(5), keep(10)).cheapest == "own"


def test_a_policy_that_would_delete_what_has_to_stay_is_not_the_cheapest_one() -> None:
    images, found = daily(32)
    cost = estimate(images, found, keep(30), protected={digest("v15"): "deployed by stack prod"})
    assert cost.cheapest == "own"
    (violation,) = variant(cost, "keep-10").violations
    assert violation.startswith("expire v15 (sha256:")
    assert violation.endswith("but it is deployed by stack prod")


def test_a_policy_that_would_archive_what_has_to_stay_is_not_either() -> None:
    cost = estimate(*daily(12), keep(3, Action.ARCHIVE), patterns=("v11",))
    assert variant(cost, "own").violations
    # keep-10 takes v11 as well.
    assert cost.cheapest == "untagged-1-keep-30"


def test_where_all_of_them_take_what_has_to_stay_none_is_named_and_it_is_said() -> None:
    cost = estimate(*daily(40), keep(3), protected={digest("v39"): "pinned by stack prod"})
    assert cost.cheapest == ""
    assert "prod/app: none of these policies leaves alone what has to stay" in showing.lines([cost])


def test_what_a_protected_index_lists_has_to_stay() -> None:
    images = [image("i", 9, tags=("v1",), media_type=OCI_INDEX), image("x", 9), *daily(40)[0]]
    found = daily(40)[1] | dict(known(contents("i", 1, ("x",)), contents("x", 1, l=GB)))
    cost = estimate(images, found, keep(3), protected={digest("i"): "deployed by stack prod"})
    assert len(variant(cost, "own").violations) == 1  # the index keeps its child for now


def test_archiving_moves_bytes_and_keeps_what_is_shared() -> None:
    cost = estimate(*daily(12), keep(3, Action.ARCHIVE))
    stored = cost.variants[0].stored
    assert (stored.standard, stored.archived) == (BASE + 3 * GB, 9 * GB)
    # Below 153,600 GB the archive costs the same.
    assert cost.saved_by_policy_usd == 0


def test_what_a_policy_archives_has_a_note_about_what_that_costs_beside_storage() -> None:
    cost = estimate(*daily(12), keep(3, Action.ARCHIVE))
    (note,) = cost.notes
    assert note.startswith("what own archives is billed for 90 days, also if it is deleted sooner")
    assert note.endswith("to restore it costs some 0.03 USD a GB")
    assert estimate(*daily(12), keep(3)).notes == ()


@pytest.mark.parametrize(("days", "noted"), [(89.9, True), (90, False)])
def test_an_image_that_is_new_in_the_archive_is_said_to_be_billed_in_any_case(days: float, noted: bool) -> None:  # noqa: FBT001
    archived_at = NOW - timedelta(days=days)
    images = [image("z", 200, status=ARCHIVED, archived_at=archived_at, size=GB)]
    note = "1 image in the archive is billed for 90 days from there on: to delete sooner saves nothing yet"
    assert (note in estimate(images, {}).notes) is noted


def test_an_archive_that_can_not_be_read_counts_in_full_and_it_is_said() -> None:
    images, found = daily(1)
    cost = estimate([*images, image("z", 9, status=ARCHIVED, size=5 * GB), image("y", 9, size=GB)], found)
    assert (cost.archived_images, cost.archived_bytes, cost.distinct_bytes) == (1, 5 * GB, BASE + 7 * GB)
    assert (cost.archived_monthly_usd, cost.monthly_usd) == (Decimal("0.5"), Decimal("1.1"))
    assert cost.notes == (
        "1 image in the archive can't be read, so its size counts in full",
        "1 manifest can't be read, so its size counts in full",
    )


def test_a_clock_that_is_behind_is_said() -> None:
    (note,) = estimate([image("a", -1)], dict(known(contents("a", 1)))).notes
    assert note.startswith("an image was pushed at 2026-11-23T12:00:00+00:00, which is later than now")


def test_an_empty_repository_costs_nothing() -> None:
    cost = estimate([], {}, keep(3), pulls=Pulls(per_month=10, to_region="eu-west-1"))
    assert cost.images == 0
    assert [cost.monthly_usd, cost.transfer_usd, cost.transfer_low_usd] == [Decimal(0)] * 3
    assert cost.cheapest == "own"


@pytest.mark.parametrize(
    ("per_month", "region", "high", "low"),
    [
        pytest.param(0, "eu-west-1", "0", "0", id="no-pulls"),
        pytest.param(10, "eu-west-1", "4.5", "1", id="to-another-region"),  # 50 GB at 0.09 and 0.02
        pytest.param(10, "us-east-2", "4.5", "0.5", id="to-a-neighbour"),
        pytest.param(10, "us-east-1", "0", "0", id="within-the-region"),
        pytest.param(10, None, "0", "0", id="nowhere"),
        pytest.param(10**25, "eu-west-1", "4.5E24", "1E24", id="a-great-many"),
    ],
)
def test_pulls_from_another_region_send_the_latest_image(
    per_month: int, region: str | None, high: str, low: str
) -> None:
    cost = estimate(*daily(3), pulls=Pulls(per_month=per_month, to_region=region))
    assert (cost.pulls.digest, cost.pull_bytes) == (digest("v0"), 5 * GB)
    assert (cost.transfer_usd, cost.transfer_low_usd) == (Decimal(high), Decimal(low))


def test_neither_referrers_nor_archived_nor_untagged_images_are_pulled() -> None:
    images, found = daily(1)
    later = [
        image("s", 0.1, tags=("sha256-1.sig",), subject=digest("v0")),
        image("z", 0.1, tags=("z",), status=ARCHIVED),
        image("u", 0.1),
    ]
    assert estimate([*images, *later], found).pulls.digest == digest("v0")


def test_a_named_image_is_pulled_with_the_size_that_ecr_gives_it_where_nothing_else_is_known() -> None:
    images, found = daily(3)
    cost = estimate([*images, image("q", size=7)], found, pulls=Pulls(digest=digest("q")))
    assert cost.pull_bytes == 7


_COUNTS = st.integers(1, 40)


@given(_COUNTS, _COUNTS, st.sampled_from(list(Action)), st.integers(0, 5))
def test_no_policy_ever_costs_more(images: int, count: int, action: Action, archived: int) -> None:
    listed, found = daily(images)
    old = NOW - timedelta(days=100)
    listed += [image(f"z{n}", 200, status=ARCHIVED, archived_at=old, size=GB) for n in range(archived)]
    cost = estimate(listed, found, keep(count, action))
    assert cost.saved_by_policy_usd is not None
    assert cost.saved_by_policy_usd >= 0
    assert all(each.monthly_usd <= cost.monthly_usd for each in cost.variants)


def test_sums_are_rounded_once() -> None:
    images, found = [image("a", size=1)], known(contents("a", 0, l=4 * 10**7))
    costs = [estimate(images, dict(found)) for _ in range(3)]
    assert showing.total_as_json(costs)["monthly_usd"] == 0.01  # 3 x 0.004
    assert [showing.as_json(cost)["monthly_usd"] for cost in costs] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("amount", "shown"), [("0", "0.00"), ("0.0000001", "< 0.01"), ("0.01", "0.01"), ("12.345", "12.34")]
)
def test_less_than_a_cent_is_not_nothing(amount: str, shown: str) -> None:
    assert showing.dollars(Decimal(amount)) == shown
