"""What the tests of calls to AWS share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber
from mypy_boto3_ecr import ECRClient


@pytest.fixture
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, files or endpoints of this machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up-key")


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
