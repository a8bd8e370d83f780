"""The prices of today, from AWS's price list; where it can't be asked, those that come with this program.

Sources: AWS Price List API reference, GetProducts; AWS General Reference, "AWS Price List endpoints and quotas".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

import boto3
from botocore.config import Config

from ecr import price_table
from ecr.aws import answers, errors
from ecr.cost import price_list
from ecr.cost.price_list import Product
from ecr.cost.prices import Prices
from ecr.errors import RemoteError

if TYPE_CHECKING:
    from mypy_boto3_pricing import PricingClient
    from mypy_boto3_pricing.type_defs import FilterTypeDef, GetProductsResponseTypeDef

SOURCE = "AWS price list"
PAGE_SIZE = 100  # API reference, GetProducts, MaxResults
MAX_PAGES = 20
# The price list has few endpoints; this one knows the prices of all Regions of its partition.
_REGION = "us-east-1"
# A price list that does not answer is no reason to wait, nor to ask again: there is a table.
_SECONDS = 2
_CONFIG = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"mode": "standard", "total_max_attempts": 1})
_SERVICE, _OPERATION = "pricing", "GetProducts"
_SLOW, _AWAY = f"it did not answer within {_SECONDS} seconds", "it can't be reached"
# What says enough without botocore's own words, which name the endpoint.
_REASONS = {
    "ReadTimeoutError": _SLOW,
    "ConnectTimeoutError": _SLOW,
    "EndpointConnectionError": _AWAY,
    "ConnectionClosedError": _AWAY,
    "ProxyConnectionError": _AWAY,
    "NoCredentialsError": "there are no credentials to ask it with",
    "AccessDeniedException": f"the credentials in use lack {_SERVICE}:{_OPERATION} on `*`",
}


class _More(TypedDict, total=False):
    """What a request for a later page holds beside the rest."""

    NextToken: str


def current(
    region: str, *, to_region: str | None = None, profile: str | None = None, client: PricingClient | None = None
) -> Prices:
    """The prices of a Region, and who says so. Needs pricing:GetProducts on `*`; does without where it must.

    Args:
        region: such as `eu-west-1`.
        to_region: where images are pulled to; None where nobody asks for the price of that.
        profile: of the AWS configuration files; None for the environment's.
        client: of the price list; None makes one.
    """
    table = price_table.prices(region)
    try:
        asking = _PriceList(client or _client(profile))
        prices = _storage(asking, table)
    except RemoteError as error:
        return replace(table, notes=(*table.notes, f"AWS's price list can't be used: {_short(error)}"))
    if to_region is None or to_region == region:
        return prices
    try:
        return _with_transfer(asking, prices, to_region)
    except RemoteError as error:
        note = f"AWS's price list can't be used for transfer: {_short(error)}"
        return replace(prices, transfer_notes=(*prices.transfer_notes, note))


def _storage(asking: _PriceList, table: Prices) -> Prices:
    found = asking.products(price_list.REGISTRY, {"regionCode": table.region, "productFamily": price_list.FAMILY})
    with errors.reading("price list", _OPERATION, service=_SERVICE):
        standard, archive = price_list.standard(found), price_list.archive(found)
        return replace(
            table,
            source=SOURCE,
            as_of=max(each.published for each in (standard, archive or standard)).isoformat(),
            standard=standard.tiers,
            archive=archive.tiers if archive else standard.tiers,
            notes=(),
        )


def _with_transfer(asking: _PriceList, prices: Prices, to_region: str) -> Prices:
    source = {"fromRegionCode": prices.region}
    out = asking.products(price_list.TRANSFER, {**source, "transferType": price_list.TO_INTERNET})
    over = asking.products(
        price_list.TRANSFER, {**source, "transferType": price_list.BETWEEN_REGIONS, "toRegionCode": to_region}
    )
    with errors.reading("price list", _OPERATION, service=_SERVICE):
        internet = price_list.transfer(out, price_list.TO_INTERNET, prices.region)
        between = price_list.transfer(over, price_list.BETWEEN_REGIONS, prices.region, to_region)
        return replace(
            prices, internet=internet.tiers, between_regions={to_region: between.tiers[0].usd}, transfer_notes=()
        )


class _PriceList:
    def __init__(self, client: PricingClient) -> None:
        self._client = client

    def products(self, service: str, wanted: dict[str, str]) -> tuple[Product, ...]:
        texts: list[str] = []
        token, seen = "", set[str]()
        while True:
            page = self._page(service, wanted, token)
            with errors.reading("price list", _OPERATION, service=_SERVICE):
                texts += answers.texts(page["PriceList"], "a product")
                token = answers.text(page.get("NextToken", ""), "NextToken")
                if not token:
                    return price_list.products(texts)
                if token in seen or len(seen) >= MAX_PAGES:
                    raise ValueError("the list of products has no last page")
            seen.add(token)

    def _page(self, service: str, wanted: dict[str, str], token: str) -> GetProductsResponseTypeDef:
        filters: list[FilterTypeDef] = [
            {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()
        ]
        more: _More = {"NextToken": token} if token else {}
        with errors.translated("price list", _OPERATION, service=_SERVICE):
            return self._client.get_products(
                ServiceCode=service, Filters=filters, FormatVersion="aws_v1", MaxResults=PAGE_SIZE, **more
            )


def _client(profile: str | None) -> PricingClient:
    with errors.connecting("price list", service=_SERVICE):
        return boto3.Session(profile_name=profile).client("pricing", region_name=_REGION, config=_CONFIG)


def _short(error: RemoteError) -> str:
    """What went wrong, for a note: a few words, or the line without the repository that none is about."""
    return _REASONS.get(error.code) or str(error).removeprefix("repository price list: ")
