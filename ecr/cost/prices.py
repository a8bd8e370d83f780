"""What AWS charges for what a repository stores and sends: money, exact to the last fraction of a cent. Pure.

Sources: Amazon ECR pricing; for transfer, the AWS blog, "Understanding data transfer costs for AWS container services",
and the FAQ of the AWS global network. Amounts are rounded where they are shown, and nowhere before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

# AWS does not say whether it counts in 10^9 or 2^30 bytes; the smaller unit never makes the cost too low.
GB = 10**9
ANYWHERE = ""
_CENT = Decimal("0.01")
_DIGITS = 28  # beside those of the number of bytes: for fractions


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A price per GB that holds from an amount on, up to where the next tier begins."""

    from_gb: Decimal
    usd: Decimal


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The prices of one Region, in USD.

    Attributes:
        region: such as `eu-west-1`.
        source: who says so, in words that follow "prices:".
        as_of: of when that is: a day such as `2026-09-11`.
        standard: a GB stored for a month, the lowest tier first, which begins at 0; as all tiers here.
        archive: the same in the archive storage class.
        internet: a GB sent out of the Region to the Internet.
        between_regions: Region -> a GB sent there from this one; `ANYWHERE` for those that are not named.
        notes: what is uncertain about the prices of storage: sentences without a full stop.
        transfer_notes: the same of the prices of transfer.
    """

    region: str
    source: str
    as_of: str
    standard: tuple[Tier, ...]
    archive: tuple[Tier, ...]
    internet: tuple[Tier, ...]
    between_regions: Mapping[str, Decimal]
    notes: tuple[str, ...] = ()
    transfer_notes: tuple[str, ...] = ()

    def storage_usd(self, standard_bytes: int, archived_bytes: int) -> Decimal:
        """For a month of this much. Tiers count over a whole account: what else it stores can only make it cheaper."""
        standard, archive = charge(standard_bytes, self.standard), charge(archived_bytes, self.archive)
        with _exactly(standard_bytes + archived_bytes):
            return standard + archive

    def internet_usd(self, sent_bytes: int) -> Decimal:
        """For what leaves the Region at the price of the Internet."""
        return charge(sent_bytes, self.internet)

    def between_regions_usd(self, sent_bytes: int, region: str) -> Decimal | None:
        """For what is sent to another Region; None where the price is not known."""
        usd = self.between_regions.get(region, self.between_regions.get(ANYWHERE))
        return None if usd is None else charge(sent_bytes, (Tier(from_gb=Decimal(0), usd=usd),))


def charge(count: int, tiers: Sequence[Tier]) -> Decimal:
    """What so many bytes cost, each at the price of the tier that it falls into."""
    with _exactly(count):
        amount, cost = Decimal(count) / GB, Decimal(0)
        ends = [tier.from_gb for tier in tiers[1:]]
        for tier, end in zip(tiers, [*ends, amount], strict=True):
            cost += max(min(amount, end) - tier.from_gb, Decimal(0)) * tier.usd
        return cost


def cents(amount: Decimal) -> Decimal:
    """An amount as it is shown: in dollars and cents."""
    with localcontext(prec=max(_DIGITS, amount.adjusted() + _DIGITS)):
        return amount.quantize(_CENT)


def _exactly(count: int) -> AbstractContextManager[Context]:
    """Digits enough for so many bytes: one for each bit."""
    return localcontext(prec=_DIGITS + count.bit_length())
