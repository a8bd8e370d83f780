"""A promotion against moto, and the policy of who promotes: each call is allowed, and no action of ECR's API is idle.

What the distribution protocol takes (layers and manifests, up and down) is documented by action (Amazon ECR user guide,
"IAM permissions for pushing an image") and not seen here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from mypy_boto3_ecr import ECRClient

from ecr.access import actions, identity
from ecr.oci.manifest import OCI_MANIFEST, digest_of
from ecr.promoter import Promoter, TargetRepository
from ecr.promotion import Origin, Promotion, SourceImage
from ecr.reference import RepositoryArn
from ecr.repository import Mutability, TagMutability
from ecr.scan import ScanGate
from ecr.severity import Severity
from tests import surroundings
from tests.policies import evaluator
from tests.policies.evaluator import Request

REGION, DEV, PROD = "eu-west-1", "dev/app", "prod/app"
ABSENT = f"sha256:{'a' * 64}"
POLICY = identity.promote_policy(
    source_arn=str(RepositoryArn("aws", REGION, ACCOUNT, DEV)),
    target_arn=str(RepositoryArn("aws", REGION, ACCOUNT, PROD)),
).document

# What a registry's own protocol takes, which no call of the API shows.
BY_PROTOCOL = {*actions.PULL, *actions.PUSH} - {"ecr:BatchGetImage"}


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[ECRClient]:
    surroundings.made_up(monkeypatch)
    with mock_aws():
        client = boto3.client("ecr", region_name=REGION)
        for name in (DEV, PROD):
            client.create_repository(repositoryName=name)
        yield client


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, ecr: ECRClient) -> list[Request]:
    """Every call of every client made from now on, as IAM would see it."""
    del ecr
    requests: list[Request] = []
    make = boto3.Session.client

    def recording(session: boto3.Session, service: str, **options: object) -> BaseClient:
        client: BaseClient = make(session, service, **options)  # type: ignore[call-overload] # one of its many overloads
        client.meta.events.register(
            "provide-client-params",
            lambda params, model, **_: requests.append(request(service, model.name, params)),
        )
        return client

    monkeypatch.setattr(boto3.Session, "client", recording)
    return requests


def request(service: str, operation: str, parameters: Mapping[str, object]) -> Request:
    name = parameters.get("repositoryName") or next(iter(parameters.get("repositoryNames") or [""]))  # type: ignore[call-overload] # a list of names
    resource = str(RepositoryArn("aws", REGION, ACCOUNT, str(name))) if name else "*"
    return Request(action=f"{service}:{operation}", resource=resource)


def push(client: ECRClient, repository: str, tag: str) -> str:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": ABSENT, "size": 7}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest_of(tag.encode()), "size": 7}
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}
    answer = client.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag=tag)
    digest = answer["image"]["imageId"]["imageDigest"]
    client.start_image_scan(repositoryName=repository, imageId={"imageDigest": digest})
    return digest


def promote(published: str, pinned: str | None, origin: Origin) -> None:
    """All that a promotion asks before it copies, and where it would copy to and from."""
    source = SourceImage(
        arn=RepositoryArn("aws", REGION, ACCOUNT, DEV),
        url=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{DEV}",
        digest=published,
        tag="v2",
    )
    promoter = Promoter(
        Promotion(source_stack="dev", digest=pinned, tag=None, gate=ScanGate(max_severity=Severity.CRITICAL, wait_s=0)),
        source,
        TargetRepository(name=PROD, region=REGION, profile=None, tag_mutability=TagMutability(Mutability.MUTABLE)),
    )
    plan = promoter.plan()
    assert plan.origin is origin
    promoter.examine(plan, say=lambda _: None)
    promoter.held(plan.release.tag)
    for location in (promoter._to.location(), promoter._from.location(source.arn.registry_host)):
        location.registry.sign_in()


def test_whoever_promotes_may_do_what_a_promotion_asks_and_nothing_that_it_never_asks(
    ecr: ECRClient, asked: list[Request]
) -> None:
    new, old = push(ecr, DEV, "v2"), push(ecr, PROD, "v1")
    pinned = push(ecr, DEV, "v3")
    promote(new, None, Origin.SOURCE)
    promote(new, pinned, Origin.SOURCE)
    promote(new, old, Origin.TARGET)
    ours = [each for each in asked if each.action != "sts:GetCallerIdentity"]  # that takes no permission
    refused = {f"{each.action} on {each.resource}" for each in ours if not evaluator.allowed(POLICY, each)}
    assert refused == set()
    called = {each.action for each in ours}
    assert called == {*actions.SIGN_IN, *actions.PROMOTE_TO} - BY_PROTOCOL
