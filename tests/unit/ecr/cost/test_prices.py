"""Money: tiers, exactness, rounding at the end, and the table that comes with the program."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr import price_table, regions
from ecr.cost import prices
from ecr.cost.prices import GB, Tier

FLAT = (Tier(from_gb=Decimal(0), usd=Decimal("0.10")),)
TIERS = (*FLAT, Tier(from_gb=Decimal(100), usd=Decimal("0.07")), Tier(from_gb=Decimal(1000), usd=Decimal(0)))


@pytest.mark.parametrize(
    ("count", "tiers", "usd"),
    [
        pytest.param(0, TIERS, "0", id="nothing"),
        pytest.param(1, FLAT, "0.0000000001", id="a-byte"),
        pytest.param(12 * GB, TIERS, "1.2", id="in-the-first"),
        pytest.param(100 * GB, TIERS, "10", id="at-the-edge"),
        pytest.param(100 * GB + 1, TIERS, "10.00000000007", id="a-byte-above"),
        pytest.param(1000 * GB, TIERS, "73", id="the-second-in-full"),
        pytest.param(5000 * GB, TIERS, "73", id="a-free-one-above"),
        pytest.param(10**40, FLAT, "1E30", id="huge"),
    ],
)
def test_each_byte_costs_what_its_tier_says(count: int, tiers: tuple[Tier, ...], usd: str) -> None:
    assert prices.charge(count, tiers) == Decimal(usd)


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_more_never_costs_less(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert prices.charge(low, TIERS) <= prices.charge(high, TIERS)


@pytest.mark.parametrize(("amount", "shown"), [("0.005", "0.00"), ("0.0051", "0.01"), ("1E30", f"{10**30}.00")])
def test_amounts_are_rounded_when_they_are_shown(amount: str, shown: str) -> None:
    assert str(prices.cents(Decimal(amount))) == shown


def test_the_tables_prices_are_those_that_were_seen() -> None:
    seoul = price_table.prices("ap-northeast-2")
    assert (seoul.source, seoul.as_of, seoul.notes) == ("this program's own table", "2026-09-11", ())
    assert seoul.storage_usd(12 * GB, 0) == Decimal("1.2")
    assert seoul.storage_usd(0, 153_600 * GB) == Decimal(15360)
    assert seoul.storage_usd(0, 153_700 * GB) == Decimal(15367)
    assert seoul.internet_usd(10 * GB) == Decimal("1.26")
    assert seoul.between_regions_usd(10 * GB, "eu-west-1") == Decimal("0.8")
    assert seoul.transfer_notes == ("prices of transfer are of 2022",)


def test_two_regions_have_a_price_of_their_own_between_them() -> None:
    virginia = price_table.prices("us-east-1")
    assert virginia.between_regions_usd(GB, "us-east-2") == Decimal("0.01")
    assert virginia.between_regions_usd(GB, "us-west-2") == Decimal("0.02")


def test_a_region_that_the_table_does_not_know_has_the_highest_prices_and_says_so() -> None:
    new = price_table.prices("mx-central-1")
    assert new.notes == ("the price of storage in mx-central-1 is taken to be that of other Regions",)
    assert new.internet_usd(GB) == Decimal("0.155")
    assert new.between_regions_usd(GB, "eu-west-1") == Decimal("0.147")
    assert "the price of transfer from mx-central-1 is not known" in new.transfer_notes[1]


def test_the_table_is_dated_has_sources_and_makes_sense() -> None:
    document = json.loads(price_table.FILE.read_text())
    assert date.fromisoformat(document["as_of"]) < date(2027, 1, 1)
    assert document["sources"]
    table = price_table.table()
    assert {*table.internet, *table.between_regions, *table.checked_regions} <= set(regions.PARTITIONS)
    assert table.internet.keys() == table.between_regions.keys()
    for tiers in (table.standard, table.archive):
        assert tiers[0].from_gb == 0
        assert list(tiers) == sorted(tiers, key=lambda tier: tier.from_gb)
    assert all(archive.usd <= table.standard[0].usd for archive in table.archive)
    assert all("" in usd for usd in table.between_regions.values())
    # What leaves for the Internet is never cheaper than what stays in AWS's network, so it is an upper bound.
    for region, usd in table.internet.items():
        assert usd >= max(table.between_regions[region].values())
