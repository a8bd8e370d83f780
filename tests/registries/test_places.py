"""Promotions within a registry, to another Region, and from another account, as `pulumi up` makes them."""

from __future__ import annotations

import os

import boto3
import pytest
import urllib3

from ecr.aws import EcrRepository
from ecr.oci import copying
from ecr.oci.session import Session
from ecr.promoter import Promoter, TargetRepository
from ecr.promotion import Promotion, SourceImage
from ecr.reference import RepositoryArn
from ecr.repository import TagMutability
from ecr.scan import GateOff
from tests.registries import images
from tests.registries.plain_client import PlainClient
from tests.registries.servers import MiniStack

OWN, OTHER = "000000000000", "111111111111"
HERE, THERE = "ap-northeast-2", "eu-west-1"
SIZES = (200_000, 300_000)


@pytest.fixture
def _signed_in(ministack: MiniStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack.base_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


def repository(ministack: MiniStack, http: urllib3.PoolManager, name: str, *, account: str, region: str) -> PlainClient:
    """A new repository, and a client for it that the product has no part in."""
    client = boto3.client(
        "ecr",
        region_name=region,
        endpoint_url=ministack.base_url,
        aws_access_key_id=account,
        aws_secret_access_key="test",
    )
    client.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    return PlainClient(ministack.base_url, http, {"Host": f"{account}.dkr.ecr.{region}.amazonaws.com"})


@pytest.mark.usefixtures("_signed_in")
@pytest.mark.parametrize(
    ("region", "mounts"),
    [pytest.param(HERE, True, id="within-the-registry"), pytest.param(THERE, False, id="from-another-region")],
)
def test_an_image_is_promoted_from_wherever_it_is(
    region: str,
    mounts: bool,  # noqa: FBT001 - a table
    ministack: MiniStack,
    http: urllib3.PoolManager,
) -> None:
    name = f"places/{region}"
    source = repository(ministack, http, f"dev/{name}", account=OWN, region=region)
    target = repository(ministack, http, f"staging/{name}", account=OWN, region=HERE)
    content = source.push(f"dev/{name}", images.image(name, SIZES), "v1")
    promoter = Promoter(
        Promotion(source_stack="dev", digest=None, tag=None, gate=GateOff("nothing scans here")),
        SourceImage(
            arn=RepositoryArn("aws", region, OWN, f"dev/{name}"),
            url=f"{OWN}.dkr.ecr.{region}.amazonaws.com/dev/{name}",
            digest=content.digest,
            tag="v1",
        ),
        TargetRepository(name=f"staging/{name}", region=HERE, profile=None, tag_mutability=TagMutability()),
    )
    plan = promoter.plan()
    assert plan.is_due
    result = promoter.copy(plan.release, plan.origin)
    assert target.differences(f"staging/{name}", "v1", content) == []
    assert (result.blobs_mounted, result.blobs_copied) == ((3, 0) if mounts else (0, 3))
    assert result.bytes_moved == (0 if mounts else content.blob_bytes)
    assert not promoter.plan().is_due


@pytest.mark.usefixtures("_signed_in")
def test_layers_of_another_account_are_not_mounted_but_copied(ministack: MiniStack, http: urllib3.PoolManager) -> None:
    # MiniStack's API does not know `registryId`, so the host is given; tests/aws/test_promoter.py has the API.
    source = repository(ministack, http, "dev/theirs", account=OTHER, region=HERE)
    target = repository(ministack, http, "staging/ours", account=OWN, region=HERE)
    content = source.push("dev/theirs", images.image("theirs", SIZES), "v1")
    theirs = EcrRepository("dev/theirs", region=HERE, account=OTHER).location(f"{OTHER}.dkr.ecr.{HERE}.amazonaws.com")
    with Session() as session:
        ours = EcrRepository("staging/ours", region=HERE).location()
        result = copying.copy(theirs, content.digest, ours, "v1", session=session)
    assert target.differences("staging/ours", "v1", content) == []
    assert (result.blobs_mounted, result.blobs_copied) == (0, 3)
