"""Costs as tables for people and as values for JSON; amounts are rounded to cents here, and nowhere before. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ecr import tables
from ecr.cost.estimate import RepositoryCost
from ecr.cost.prices import cents
from ecr.cost.variants import Variant
from ecr.image_list import short_tags
from ecr.lifecycle.images import Image

_HEADER = ("REPOSITORY", "IMAGES", "STORED", "ARCHIVED", "SUM OF SIZES", "USD/MONTH", "BY SIZES", "POLICY SAVES")
_VARIANT_HEADER = ("REPOSITORY", "POLICY", "USD/MONTH", "SAVES", "STORED", "DELETES", "ARCHIVES", "RULES")
_TRANSFER_HEADER = ("REPOSITORY", "PULLED", "A PULL", "PULLS", "TO", "USD/MONTH AT MOST", "BETWEEN REGIONS")
_TOTAL = "total"
_MAX_VIOLATIONS = 3
_LEAST = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Total:
    """What several repositories cost together; amounts are not rounded."""

    repositories: int
    images: int
    distinct_bytes: int
    archived_bytes: int
    naive_bytes: int
    monthly_usd: Decimal
    naive_monthly_usd: Decimal
    transfer_usd: Decimal
    saved_by_policy_usd: Decimal


def total(costs: Sequence[RepositoryCost]) -> Total:
    """The sums; each repository is to be there once."""
    return Total(
        repositories=len(costs),
        images=sum(cost.images for cost in costs),
        distinct_bytes=sum(cost.distinct_bytes for cost in costs),
        archived_bytes=sum(cost.archived_bytes for cost in costs),
        naive_bytes=sum(cost.naive_bytes for cost in costs),
        monthly_usd=sum((cost.monthly_usd for cost in costs), Decimal(0)),
        naive_monthly_usd=sum((cost.naive_monthly_usd for cost in costs), Decimal(0)),
        transfer_usd=sum((cost.transfer_usd for cost in costs), Decimal(0)),
        saved_by_policy_usd=sum((cost.saved_by_policy_usd or Decimal(0) for cost in costs), Decimal(0)),
    )


def lines(costs: Sequence[RepositoryCost]) -> list[str]:
    """Tables of what is stored, of the policies, and of the transfer where there is one; then what they stand on."""
    return [*_stored(costs), "", *_policies(costs), *_transfers(costs), "", *_grounds(costs)]


def dollars(amount: Decimal) -> str:
    """An amount for people: what is less than a cent is not nothing."""
    return f"< {_LEAST}" if 0 < amount < _LEAST else str(cents(amount))


def _stored(costs: Sequence[RepositoryCost]) -> list[str]:
    rows = [
        (
            cost.repository,
            str(cost.images),
            *(tables.size(each) for each in (cost.distinct_bytes, cost.archived_bytes, cost.naive_bytes)),
            *(dollars(each) for each in (cost.monthly_usd, cost.naive_monthly_usd)),
            "" if cost.saved_by_policy_usd is None else dollars(cost.saved_by_policy_usd),
        )
        for cost in costs
    ]
    if len(costs) > 1:
        summed = total(costs)
        rows.append(
            (
                _TOTAL,
                str(summed.images),
                *(tables.size(each) for each in (summed.distinct_bytes, summed.archived_bytes, summed.naive_bytes)),
                *(dollars(each) for each in (summed.monthly_usd, summed.naive_monthly_usd)),
                dollars(summed.saved_by_policy_usd),
            )
        )
    return tables.aligned(_HEADER, rows)


def _policies(costs: Sequence[RepositoryCost]) -> Iterator[str]:
    yield from tables.aligned(
        _VARIANT_HEADER,
        [
            (
                cost.repository,
                f"{variant.name} *" if variant.name == cost.cheapest else variant.name,
                dollars(variant.monthly_usd),
                dollars(cost.monthly_usd - variant.monthly_usd),
                tables.size(variant.stored.total),
                _named(variant.deleted),
                _named(variant.archived),
                variant.rules,
            )
            for cost in costs
            for variant in cost.variants
        ],
    )
    yield "*: the cheapest that leaves alone what has to stay"
    for cost in costs:
        for variant in cost.variants:
            yield from _violations(cost, variant)
        if not cost.cheapest:
            yield f"{cost.repository}: none of these policies leaves alone what has to stay"


def _violations(cost: RepositoryCost, variant: Variant) -> Iterator[str]:
    for violation in variant.violations[:_MAX_VIOLATIONS]:
        yield f"{cost.repository}: {variant.name} would {violation}"
    if (rest := len(variant.violations) - _MAX_VIOLATIONS) > 0:
        yield f"{cost.repository}: {variant.name} would take {rest} more that have to stay"


def _named(images: Sequence[Image]) -> str:
    """How many, and the tags of the first ones."""
    tags = [tag for image in images for tag in image.tags[:1]]
    return f"{len(images)} ({short_tags(tags)})" if tags else str(len(images))


def _transfers(costs: Sequence[RepositoryCost]) -> list[str]:
    asked = [cost for cost in costs if cost.pulls.to_region is not None]
    rows = [
        (
            cost.repository,
            tables.short_digest(cost.pulls.digest or ""),
            tables.size(cost.pull_bytes),
            str(cost.pulls.per_month),
            cost.pulls.to_region or "",
            dollars(cost.transfer_usd),
            "" if cost.transfer_low_usd is None else dollars(cost.transfer_low_usd),
        )
        for cost in asked
    ]
    return ["", *tables.aligned(_TRANSFER_HEADER, rows)] if rows else []


def _grounds(costs: Sequence[RepositoryCost]) -> Iterator[str]:
    for prices in dict.fromkeys((cost.prices.region, cost.prices.source, cost.prices.as_of) for cost in costs):
        region, source, as_of = prices
        yield f"prices of {region}: {source}, {as_of}"
    notes = dict.fromkeys(note for cost in costs for note in _price_notes(cost))
    yield from (f"note: {note}" for note in notes)
    for cost in costs:
        yield from (f"note: {cost.repository}: {note}" for note in cost.notes)


def as_json(cost: RepositoryCost) -> dict[str, object]:
    """One repository, for JSON."""
    return {
        "repository": cost.repository,
        "images": cost.images,
        "archived_images": cost.archived_images,
        "stored_bytes": cost.distinct_bytes,
        "archived_bytes": cost.archived_bytes,
        "naive_bytes": cost.naive_bytes,
        "naive_archived_bytes": cost.naive_archived_bytes,
        "monthly_usd": _usd(cost.monthly_usd),
        "archived_monthly_usd": _usd(cost.archived_monthly_usd),
        "naive_monthly_usd": _usd(cost.naive_monthly_usd),
        "saved_by_policy_usd": None if cost.saved_by_policy_usd is None else _usd(cost.saved_by_policy_usd),
        "transfer": {
            "pulls": cost.pulls.per_month,
            "to_region": cost.pulls.to_region,
            "digest": cost.pulls.digest,
            "bytes_of_a_pull": cost.pull_bytes,
            "usd": _usd(cost.transfer_usd),
            "between_regions_usd": None if cost.transfer_low_usd is None else _usd(cost.transfer_low_usd),
        },
        "policies": [_variant(cost, variant) for variant in cost.variants],
        "cheapest": cost.cheapest or None,
        "prices": {"region": cost.prices.region, "source": cost.prices.source, "as_of": cost.prices.as_of},
        "notes": [*_price_notes(cost), *cost.notes],
    }


def total_as_json(costs: Sequence[RepositoryCost]) -> dict[str, object]:
    """The sums, for JSON."""
    summed = total(costs)
    return {
        "repositories": summed.repositories,
        "images": summed.images,
        "stored_bytes": summed.distinct_bytes,
        "archived_bytes": summed.archived_bytes,
        "naive_bytes": summed.naive_bytes,
        "monthly_usd": _usd(summed.monthly_usd),
        "naive_monthly_usd": _usd(summed.naive_monthly_usd),
        "transfer_usd": _usd(summed.transfer_usd),
        "saved_by_policy_usd": _usd(summed.saved_by_policy_usd),
    }


def _price_notes(cost: RepositoryCost) -> tuple[str, ...]:
    asked = cost.pulls.to_region is not None
    return (*cost.prices.notes, *(cost.prices.transfer_notes if asked else ()))


def _variant(cost: RepositoryCost, variant: Variant) -> dict[str, object]:
    return {
        "name": variant.name,
        "rules": variant.rules,
        "delete": [{"digest": image.digest, "tags": list(image.tags)} for image in variant.deleted],
        "archive": [{"digest": image.digest, "tags": list(image.tags)} for image in variant.archived],
        "stored_bytes": variant.stored.total,
        "archived_bytes": variant.stored.archived,
        "monthly_usd": _usd(variant.monthly_usd),
        "saves_usd": _usd(cost.monthly_usd - variant.monthly_usd),
        "violations": list(variant.violations),
    }


def _usd(amount: Decimal) -> float:
    return float(cents(amount))
