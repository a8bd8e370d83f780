"""The prices that come with this program, with their date: for when AWS's price list can't be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from ecr.cost.prices import Prices, Tier

FILE = Path(__file__).with_name("cost") / "prices.json"
SOURCE = "this program's own table"
_NOT_CHECKED = "the price of storage in {} is taken to be that of other Regions"
_NOT_KNOWN = "the price of transfer from {} is not known; the highest of all Regions is taken"
REGION = "us-east-1"  # for what is reckoned without a Region: storing costs the same in all Regions that were checked


@dataclass(frozen=True, kw_only=True)
class Table:
    """What stands in the file, where its sources stand, too.

    Attributes:
        as_of: of when the prices of storage are.
        transfer_as_of: of when those of transfer are.
        checked_regions: the Regions for which the prices of storage were seen in AWS's price list.
        standard, archive: tiers, as in `Prices`.
        internet: Region -> a GB sent from there to the Internet, in the first tier that costs anything.
        between_regions: Region -> Region -> a GB sent from the first to the second.
    """

    as_of: str
    transfer_as_of: str
    checked_regions: tuple[str, ...]
    standard: tuple[Tier, ...]
    archive: tuple[Tier, ...]
    internet: Mapping[str, Decimal]
    between_regions: Mapping[str, Mapping[str, Decimal]]


@cache
def table() -> Table:
    """The table, read once."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return Table(
        as_of=found["as_of"],
        transfer_as_of=found["transfer_as_of"],
        checked_regions=tuple(found["checked_regions"]),
        standard=_tiers(found["standard"]),
        archive=_tiers(found["archive"]),
        internet={region: Decimal(usd) for region, usd in found["internet"].items()},
        between_regions={
            source: {target: Decimal(usd) for target, usd in prices.items()}
            for source, prices in found["between_regions"].items()
        },
    )


def prices(region: str) -> Prices:
    """The prices of a Region. One that the table does not know has the highest prices of transfer that it does know."""
    known = table()
    internet = known.internet.get(region, max(known.internet.values()))
    between = known.between_regions.get(region)
    if between is None:
        between = {"": max(usd for each in known.between_regions.values() for usd in each.values())}
    return Prices(
        region=region,
        source=SOURCE,
        as_of=known.as_of,
        standard=known.standard,
        archive=known.archive,
        internet=(Tier(from_gb=Decimal(0), usd=internet),),
        between_regions=between,
        notes=() if region in known.checked_regions else (_NOT_CHECKED.format(region),),
        transfer_notes=(
            f"prices of transfer are of {known.transfer_as_of}",
            *(() if region in known.internet else (_NOT_KNOWN.format(region),)),
        ),
    )


def _tiers(rows: list[list[str]]) -> tuple[Tier, ...]:
    return tuple(Tier(from_gb=Decimal(begin), usd=Decimal(usd)) for begin, usd in rows)
