"""What products in AWS's price list say about ECR. Pure.

Sources: AWS Price List API reference, GetProducts; Billing user guide, "Reading the service price list file". The
products of `AmazonECR` are of the family `EC2 Container Registry`, with usage types such as `TimedStorage-ByteHrs` and
`USE1-TimedStorage-Archive-ByteHrs` after the short name of the Region; those of `AWSDataTransfer` name both Regions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from ecr.cost.prices import Tier

REGISTRY, TRANSFER = "AmazonECR", "AWSDataTransfer"
FAMILY = "EC2 Container Registry"
BETWEEN_REGIONS, TO_INTERNET = "InterRegion Outbound", "AWS Outbound"

_STANDARD = re.compile(r"(?:[A-Z0-9]+-)?TimedStorage-ByteHrs")
_ARCHIVE = re.compile(r"(?:[A-Z0-9]+-)?TimedStorage-Archive-ByteHrs")
_MONTH, _AMOUNT = "GB-Mo", "GB"
_CURRENCY = "USD"
_NO_END = "Inf"
_MAX_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Product:
    """One product.

    Attributes:
        attributes: such as `usagetype` and `regionCode`.
        tiers: its prices on demand.
        unit: what they are for, such as `GB-Mo`.
        published: when AWS published them.
    """

    attributes: Mapping[str, str]
    tiers: tuple[Tier, ...]
    unit: str
    published: date


def products(texts: Iterable[str]) -> tuple[Product, ...]:
    """The products in an answer of the price list.

    Raises:
        ValueError: one of them is none, or its prices are in another currency; in words that follow "it".
    """
    return tuple(_product(text) for text in texts)


def standard(found: Sequence[Product]) -> Product:
    """What storing costs. Raises ValueError when no product says so, or more than one."""
    return _only(found, _STANDARD, _MONTH)


def archive(found: Sequence[Product]) -> Product | None:
    """What storing in the archive costs; None in a Region without one. Raises as `standard`."""
    return _only(found, _ARCHIVE, _MONTH) if any(_ARCHIVE.fullmatch(_usage(each)) for each in found) else None


def transfer(found: Sequence[Product], kind: str, from_region: str, to_region: str | None = None) -> Product:
    """What sending out of a Region costs.

    Args:
        found: products of `AWSDataTransfer`.
        kind: `BETWEEN_REGIONS` or `TO_INTERNET`.
        from_region: the Region that sends.
        to_region: the Region that receives.

    Raises:
        ValueError: no product says so, or more than one.
    """
    wanted = {"transferType": kind, "fromRegionCode": from_region} | ({"toRegionCode": to_region} if to_region else {})
    # Local Zones and the like have lines of their own.
    places = {"fromLocationType": "AWS Region"} | ({"toLocationType": "AWS Region"} if to_region else {})
    fitting = [
        each
        for each in found
        if all(each.attributes.get(name) == value for name, value in wanted.items())
        and all(each.attributes.get(name, value) == value for name, value in places.items())
    ]
    return _one(fitting, f"{kind} from {from_region}", _AMOUNT)


def _only(found: Sequence[Product], usage: re.Pattern[str], unit: str) -> Product:
    return _one([each for each in found if usage.fullmatch(_usage(each))], usage.pattern.rpartition(")?")[2], unit)


def _one(found: Sequence[Product], what: str, unit: str) -> Product:
    if len(found) != 1:
        raise ValueError(f"names {len(found)} products for {what}; expected: 1")
    if found[0].unit != unit:
        raise ValueError(f"counts {what} in {found[0].unit[:_MAX_SHOWN]!r}; expected: {unit}")
    return found[0]


def _usage(product: Product) -> str:
    return product.attributes.get("usagetype", "")


def _product(text: str) -> Product:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"holds a product that is not JSON: {error}") from error
    attributes = _object(_object(document, "a product").get("product"), "product").get("attributes")
    terms = _object(_object(document.get("terms"), "terms").get("OnDemand"), "OnDemand")
    dimensions = [
        _object(dimension, "a dimension")
        for term in terms.values()
        for dimension in _object(_object(term, "a term").get("priceDimensions"), "priceDimensions").values()
    ]
    units = {str(dimension.get("unit")) for dimension in dimensions}
    if len(terms) != 1 or len(units) != 1:
        raise ValueError(f"has {len(terms)} terms and {len(units)} units for one product; expected: 1 of each")
    return Product(
        attributes={name: str(value) for name, value in _object(attributes, "attributes").items()},
        tiers=_tiers(dimensions),
        unit=units.pop(),
        published=_date(document.get("publicationDate")),
    )


def _tiers(dimensions: Iterable[Mapping[str, object]]) -> tuple[Tier, ...]:
    """The tiers in order, when they have neither gap nor overlap: a price from somewhere in between would be wrong."""
    found = sorted(((_range(each), _usd(each)) for each in dimensions), key=lambda one: one[0][0])
    ends = [begin for (begin, _), _ in found[1:]]
    if found[0][0][0] != 0 or any(end != begin for ((_, end), _), begin in zip(found, [*ends, None], strict=True)):
        raise ValueError("has prices that leave a gap or overlap")
    return tuple(Tier(from_gb=begin, usd=usd) for (begin, _), usd in found)


def _range(dimension: Mapping[str, object]) -> tuple[Decimal, Decimal | None]:
    end = dimension.get("endRange")
    return _number(dimension.get("beginRange"), "beginRange"), None if end == _NO_END else _number(end, "endRange")


def _usd(dimension: Mapping[str, object]) -> Decimal:
    price = _object(dimension.get("pricePerUnit"), "pricePerUnit")
    if _CURRENCY not in price:
        raise ValueError(f"has prices in {', '.join(price)[:_MAX_SHOWN] or 'no currency'}; expected: {_CURRENCY}")
    return _number(price[_CURRENCY], _CURRENCY)


def _number(value: object, name: str) -> Decimal:
    try:
        found = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        raise ValueError(f"has the {name} {value!r:.{_MAX_SHOWN}}, which is no amount")
    return found


def _date(value: object) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise ValueError(f"was published on {value!r:.{_MAX_SHOWN}}, which is no day") from None


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"has {name} that is no object")  # noqa: TRY004 (wrong data, not a wrong type in the program)
    return value
