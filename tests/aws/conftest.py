"""What the tests of calls to AWS share."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from mypy_boto3_ecr import ECRClient

from tests import surroundings


@pytest.fixture
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, files or endpoints of this machine."""
    surroundings.made_up(monkeypatch)


@pytest.fixture(scope="session")
def ecr_client() -> ECRClient:
    """One client for all, because loading ECR's model takes a while; nothing is ever sent."""
    return boto3.client(
        "ecr", region_name="us-east-1", aws_access_key_id="made-up-id", aws_secret_access_key="made-up-key"
    )


@pytest.fixture
def ecr_answers(ecr_client: ECRClient, _surroundings: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Answers for `EcrRepository`'s calls, in their order; a call without an answer fails the test."""
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: ecr_client)
    with Stubber(ecr_client) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS in this process, empty."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield
