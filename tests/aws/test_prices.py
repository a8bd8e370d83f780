"""AWS's price list: what is asked, what is understood, and the table that stands in for it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from mypy_boto3_pricing import PricingClient

from ecr import price_table
from ecr.aws import prices
from ecr.cost.prices import GB, Prices

REGION = "ap-northeast-2"
Tiers = list[tuple[str, str, str]]


def product(tiers: Tiers, *, unit: str = "GB-Mo", currency: str = "USD", published: str = "2026-11-01T10:00:00Z",
            family: str = "EC2 Container Registry", **attributes: str) -> dict[str, object]:  # fmt: skip
    """One entry of a price list, with all that AWS's have: begin, end and price of each tier."""
    dimensions = {
        f"SKU.T.{number}": {
            "unit": unit,
            "beginRange": begin,
            "endRange": end,
            "pricePerUnit": {currency: usd},
            "appliesTo": [],
            "description": "",
            "rateCode": f"SKU.T.{number}",
        }
        for number, (begin, end, usd) in enumerate(tiers)
    }
    term = {"priceDimensions": dimensions, "sku": "SKU", "effectiveDate": "2026-10-01T00:00:00Z", "termAttributes": {}}
    return {
        "product": {"productFamily": family, "attributes": attributes, "sku": "SKU"},
        "serviceCode": "AmazonECR",
        "terms": {"OnDemand": {"SKU.T": term}},
        "version": "20261101",
        "publicationDate": published,
    }


STANDARD = product([("0", "Inf", "0.1000000000")], usagetype="APN2-TimedStorage-ByteHrs", regionCode=REGION)
ARCHIVE = product(
    [("153600", "Inf", "0.0700000000"), ("0", "153600", "0.1000000000")],
    usagetype="APN2-TimedStorage-Archive-ByteHrs",
    published="2026-11-03T10:00:00Z",
)
RETRIEVAL = product([("0", "Inf", "0.03")], unit="GB", usagetype="APN2-Retrieval-Archive")
INTERNET = product(
    [("0", "10240", "0.126"), ("10240", "Inf", "0.122")],
    unit="GB", transferType="AWS Outbound", fromRegionCode=REGION, fromLocationType="AWS Region",
)  # fmt: skip
BETWEEN = product(
    [("0", "Inf", "0.08")],
    unit="GB", transferType="InterRegion Outbound", fromRegionCode=REGION, toRegionCode="eu-west-1",
    fromLocationType="AWS Region", toLocationType="AWS Region",
)  # fmt: skip


@pytest.fixture(scope="session")
def pricing_client() -> PricingClient:
    return boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="made-up-id", aws_secret_access_key="made-up-key"
    )


@pytest.fixture
def price_list(pricing_client: PricingClient) -> Iterator[Stubber]:
    with Stubber(pricing_client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def page(*products: object, token: str = "") -> dict[str, object]:
    listed = [each if isinstance(each, str) else json.dumps(each) for each in products]
    return {"FormatVersion": "aws_v1", "PriceList": listed, **({"NextToken": token} if token else {})}


def question(service: str, **wanted: str) -> dict[str, object]:
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
    return {"ServiceCode": service, "Filters": filters, "FormatVersion": "aws_v1", "MaxResults": 100}


STORAGE = question("AmazonECR", regionCode=REGION, productFamily="EC2 Container Registry")
OUT = question("AWSDataTransfer", fromRegionCode=REGION, transferType="AWS Outbound")
OVER = question("AWSDataTransfer", fromRegionCode=REGION, transferType="InterRegion Outbound", toRegionCode="eu-west-1")


def current(client: PricingClient, to_region: str | None = None) -> Prices:
    return prices.current(REGION, to_region=to_region, client=client)


def test_the_prices_of_storage_are_those_of_the_list(price_list: Stubber, pricing_client: PricingClient) -> None:
    price_list.add_response("get_products", page(RETRIEVAL, ARCHIVE, STANDARD), STORAGE)
    found = current(pricing_client)
    assert (found.source, found.as_of, found.notes) == ("AWS price list", "2026-11-03", ())
    assert found.storage_usd(10 * GB, 0) == Decimal(1)
    assert found.storage_usd(0, 153_700 * GB) == Decimal(15367)


def test_pages_are_read_to_the_last_one(price_list: Stubber, pricing_client: PricingClient) -> None:
    price_list.add_response("get_products", page(RETRIEVAL, token="a"), STORAGE)
    price_list.add_response("get_products", page(token="b"), {**STORAGE, "NextToken": "a"})
    price_list.add_response("get_products", page(STANDARD, ARCHIVE), {**STORAGE, "NextToken": "b"})
    assert current(pricing_client).source == "AWS price list"


def test_transfer_is_asked_for_only_where_somebody_pulls(price_list: Stubber, pricing_client: PricingClient) -> None:
    local_zone = {**INTERNET, "product": {**INTERNET["product"], "attributes": {  # type: ignore[dict-item]
        "transferType": "AWS Outbound", "fromRegionCode": REGION, "fromLocationType": "AWS Local Zone"}}}  # fmt: skip
    price_list.add_response("get_products", page(STANDARD, ARCHIVE), STORAGE)
    price_list.add_response("get_products", page(local_zone, INTERNET), OUT)
    price_list.add_response("get_products", page(BETWEEN), OVER)
    found = current(pricing_client, "eu-west-1")
    assert found.internet_usd(20_000 * GB) == 10_240 * Decimal("0.126") + 9_760 * Decimal("0.122")
    assert found.between_regions_usd(10 * GB, "eu-west-1") == Decimal("0.8")
    assert (found.notes, found.transfer_notes) == ((), ())


def test_within_a_region_nobody_is_asked_for_transfer(price_list: Stubber, pricing_client: PricingClient) -> None:
    price_list.add_response("get_products", page(STANDARD, ARCHIVE), STORAGE)
    assert current(pricing_client, REGION).source == "AWS price list"


def test_transfer_that_the_list_does_not_know_is_the_tables(price_list: Stubber, pricing_client: PricingClient) -> None:
    price_list.add_response("get_products", page(STANDARD, ARCHIVE), STORAGE)
    price_list.add_response("get_products", page(INTERNET), OUT)
    price_list.add_response("get_products", page(), OVER)
    found = current(pricing_client, "eu-west-1")
    assert found.source == "AWS price list"
    assert found.between_regions_usd(GB, "eu-west-1") == Decimal("0.08")
    assert found.transfer_notes[0] == "prices of transfer are of 2022"
    assert "names 0 products for InterRegion Outbound from ap-northeast-2" in found.transfer_notes[1]


def test_a_region_without_an_archive_charges_nothing_else_for_it(
    price_list: Stubber, pricing_client: PricingClient
) -> None:
    price_list.add_response("get_products", page(STANDARD), STORAGE)
    found = current(pricing_client)
    assert (found.archive, found.as_of) == (found.standard, "2026-11-01")


def changed(**more: object) -> dict[str, object]:
    return {**STANDARD, **more}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(page(), "names 0 products for TimedStorage-ByteHrs", id="a-region-that-it-does-not-know"),
        pytest.param(page(STANDARD, STANDARD), "names 2 products", id="two-prices"),
        pytest.param(page("{"), "is not JSON", id="no-json"),
        pytest.param(page("[" * 100_000), "is not JSON", id="without-end"),
        pytest.param(page("[]"), "a product that is no object", id="no-object"),
        pytest.param(page(changed(product=None)), "product that is no object", id="no-product"),
        pytest.param(page(changed(terms={})), "OnDemand that is no object", id="no-terms"),
        pytest.param(page(changed(terms={"OnDemand": {}})), "has 0 terms", id="no-term"),
        pytest.param(page(changed(publicationDate="soon")), "'soon', which is no day", id="no-date"),
        pytest.param(page(changed(publicationDate=None)), "which is no day", id="no-date-at-all"),
        pytest.param(page(product([("0", "Inf", "0.7")], currency="CNY", usagetype="TimedStorage-ByteHrs")),
                     "prices in CNY; expected: USD", id="another-currency"),
        pytest.param(page(product([("0", "Inf", "NaN")], usagetype="TimedStorage-ByteHrs")), "no amount", id="nan"),
        pytest.param(page(product([("0", "Inf", "-1")], usagetype="TimedStorage-ByteHrs")), "no amount", id="negative"),
        pytest.param(page(product([("0", "Inf", "dear")], usagetype="TimedStorage-ByteHrs")), "no amount", id="words"),
        pytest.param(page(product([("1", "Inf", "1")], usagetype="TimedStorage-ByteHrs")), "a gap", id="no-beginning"),
        pytest.param(page(product([("0", "9", "1")], usagetype="TimedStorage-ByteHrs")), "a gap", id="no-end"),
        pytest.param(page(product([("0", "5", "1"), ("6", "Inf", "1")], usagetype="TimedStorage-ByteHrs")), "a gap",
                     id="a-gap"),
        pytest.param(page(product([("0", "Inf", "1"), ("0", "Inf", "2")], usagetype="TimedStorage-ByteHrs")), "a gap",
                     id="an-overlap"),
        pytest.param(page(product([("0", "Inf", "1")], unit="GB-Hours", usagetype="TimedStorage-ByteHrs")),
                     "in 'GB-Hours'; expected: GB-Mo", id="another-unit"),
        pytest.param({"FormatVersion": "aws_v1"}, "there is no 'PriceList'", id="no-list"),
    ],
)  # fmt: skip
def test_a_list_that_makes_no_sense_gives_way_to_the_table(
    price_list: Stubber, pricing_client: PricingClient, answer: dict[str, object], words: str
) -> None:
    price_list.add_response("get_products", answer, STORAGE)
    found = current(pricing_client)
    assert (found.source, found.as_of) == (price_table.SOURCE, price_table.table().as_of)
    assert found.notes[-1].startswith("AWS's price list can't be used: pricing GetProducts failed with MalformedAnswer")
    assert words in found.notes[-1]


def test_pages_in_a_circle_give_way_to_the_table(price_list: Stubber, pricing_client: PricingClient) -> None:
    for more in ({}, {"NextToken": "a"}):
        price_list.add_response("get_products", page(token="a"), {**STORAGE, **more})
    assert "no last page" in current(pricing_client).notes[-1]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalErrorException"])
def test_a_refusal_gives_way_to_the_table_and_is_said(
    price_list: Stubber, pricing_client: PricingClient, code: str
) -> None:
    price_list.add_client_error("get_products", code, "not now")
    found = current(pricing_client, "eu-west-1")
    assert found.source == price_table.SOURCE
    assert f"failed with {code}: not now" in found.notes[-1]


def test_who_may_not_ask_is_told_which_permission_is_missing(
    price_list: Stubber, pricing_client: PricingClient
) -> None:
    price_list.add_client_error("get_products", "AccessDeniedException", "User: arn:aws:iam::1:user/a is not ...")
    note = "AWS's price list can't be used: the credentials in use lack pricing:GetProducts on `*`"
    assert current(pricing_client).notes[-1] == note


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "there are no credentials to ask it with"),
        (ConnectTimeoutError(endpoint_url="https://api.pricing"), "it did not answer within 2 seconds"),
        (ReadTimeoutError(endpoint_url="http://localhost:4621/"), "it did not answer within 2 seconds"),
        (EndpointConnectionError(endpoint_url="http://localhost:4621/"), "it can't be reached"),
    ],
)
def test_a_list_that_is_out_of_reach_gives_way_to_the_table(
    monkeypatch: pytest.MonkeyPatch, pricing_client: PricingClient, error: Exception, words: str
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(pricing_client, "get_products", fail)
    found = current(pricing_client)
    assert found.source == price_table.SOURCE
    assert found.notes[-1] == f"AWS's price list can't be used: {words}"


@pytest.mark.usefixtures("_surroundings")
def test_a_profile_that_is_not_there_gives_way_to_the_table() -> None:
    found = prices.current(REGION, profile="nobody")
    assert "ProfileNotFound" in found.notes[-1]


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.usefixtures("_surroundings")
def test_a_list_that_says_nothing_is_asked_once_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, silent: socket.socket
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up-key")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
    config = prices._client(None).meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 2)  # type: ignore[attr-defined]
    found = prices.current(REGION, to_region="eu-west-1")
    assert found.notes[-1] == "AWS's price list can't be used: it did not answer within 2 seconds"
    silent.settimeout(0)
    silent.accept()[0].close()
    with pytest.raises(BlockingIOError):
        silent.accept()
