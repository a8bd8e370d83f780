"""Promotions against moto's ECR: what is asked of whom, what is decided, and what the gate says to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from unittest.mock import Mock

import boto3
import pytest
from botocore.client import BaseClient
from botocore.stub import Stubber
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID as OWN_ACCOUNT
from mypy_boto3_ecr import ECRClient

from ecr.errors import Conflict, ExitCode, GateClosed, InputError, RemoteError
from ecr.oci import copying
from ecr.oci.manifest import OCI_MANIFEST, digest_of
from ecr.promoter import Promoter, TargetRepository
from ecr.promotion import Origin, Promotion, PromotionPlan, Release, SourceImage
from ecr.reference import RepositoryArn
from ecr.repository import Mutability, TagMutability
from ecr.scan import Gate, GateOff, Ignore, ScanGate
from ecr.severity import Severity

REGION, OTHER_ACCOUNT = "eu-west-1", "210987654321"
DEV, STAGING = "dev/app", "staging/app"
HOST = f"{OWN_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
ABSENT = f"sha256:{'a' * 64}"
MUTABLE, IMMUTABLE = TagMutability(Mutability.MUTABLE), TagMutability(Mutability.IMMUTABLE)
LENIENT = ScanGate(max_severity=Severity.HIGH, wait_s=0)

pytestmark = pytest.mark.usefixtures("_surroundings")


def manifest(name: str) -> str:
    """Its layer differs from name to name, because moto makes an image's digest from nothing else."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": ABSENT, "size": 7}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest_of(name.encode()), "size": 7}
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]})


def push(client: ECRClient, repository: str, name: str, *tags: str) -> str:
    """Put an image under some tags, or under none; its digest comes back."""
    requests: list[dict[str, str]] = [{"imageTag": tag} for tag in tags] or [{}]
    pushed = [
        client.put_image(repositoryName=repository, imageManifest=manifest(name), **request) for request in requests
    ]
    return str(pushed[0]["image"]["imageId"]["imageDigest"])


@pytest.fixture
def ecr() -> Iterator[ECRClient]:
    """ECR with the repository of a source stack and one of its own."""
    with mock_aws():
        client = boto3.client("ecr", region_name=REGION)
        for name in (DEV, STAGING):
            client.create_repository(repositoryName=name)
        yield client


Asked = list[tuple[str, Mapping[str, object]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Every call of every client made from now on: its operation and its parameters."""
    calls: Asked = []
    make = boto3.Session.client

    def recording(session: boto3.Session, *args: str, **options: object) -> BaseClient:
        client: BaseClient = make(session, *args, **options)  # type: ignore[call-overload] # one of its many overloads
        client.meta.events.register(
            "provide-client-params", lambda params, model, **_: calls.append((model.name, dict(params)))
        )
        return client

    monkeypatch.setattr(boto3.Session, "client", recording)
    return calls


def published(digest: str, tag: str = "v2", *, account: str = OWN_ACCOUNT, name: str = DEV) -> SourceImage:
    return SourceImage(arn=RepositoryArn("aws", REGION, account, name), url=f"{HOST}/{name}", digest=digest, tag=tag)


def promoter(
    source: SourceImage,
    *,
    digest: str | None = None,
    tag: str | None = None,
    gate: Gate = LENIENT,
    mutability: TagMutability = IMMUTABLE,
) -> Promoter:
    return Promoter(
        Promotion(source_stack="dev", digest=digest, tag=tag, gate=gate),
        source,
        TargetRepository(name=STAGING, region=REGION, profile=None, tag_mutability=mutability),
    )


def planned(digest: str, tag: str, origin: Origin = Origin.SOURCE, tag_holds: str | None = None) -> PromotionPlan:
    return PromotionPlan(release=Release(tag=tag, digest=digest), origin=origin, tag_holds=tag_holds)


# ---------------------------------------------------------------------------------------------------------------------
# The plan
# ---------------------------------------------------------------------------------------------------------------------


def test_what_the_source_stack_has_published_is_promoted_under_its_tag(ecr: ECRClient) -> None:
    digest = push(ecr, DEV, "new", "v2")
    assert promoter(published(digest)).plan() == planned(digest, "v2")


def test_every_question_to_the_source_names_its_account_and_no_other_does(ecr: ECRClient, asked: Asked) -> None:
    digest = push(ecr, DEV, "new", "v2", "latest")
    promotes = promoter(published(ABSENT), digest=digest, tag=None)
    with pytest.raises(InputError, match="has the tags latest, v2"):
        promotes.plan()
    ecr.start_image_scan(repositoryName=DEV, imageId={"imageDigest": digest})
    promotes.examine(planned(digest, "v2"), say=Mock())
    accounts = {(params["repositoryName"], params.get("registryId")) for _, params in asked if params}
    assert accounts == {(DEV, OWN_ACCOUNT), (STAGING, None)}
    assert {name for name, params in asked if params["repositoryName"] == DEV} == {
        "BatchGetImage",
        "DescribeImages",
        "DescribeImageScanFindings",
    }


def test_an_image_that_only_the_target_holds_gets_its_tag_there(ecr: ECRClient) -> None:
    digest = push(ecr, STAGING, "old", "v1")
    assert promoter(published(ABSENT), digest=digest).plan() == planned(digest, "v1", Origin.TARGET, tag_holds=digest)


@pytest.mark.parametrize(
    ("pinned", "key"),
    [
        pytest.param(None, "container-registry:promote.from: stack dev says that it published", id="published"),
        pytest.param(ABSENT, f"container-registry:promote.digest: {ABSENT} is held neither by", id="pinned"),
    ],
)
@pytest.mark.usefixtures("ecr")
def test_an_image_that_nobody_holds_is_bad_input(pinned: str | None, key: str) -> None:
    with pytest.raises(InputError) as raised:
        promoter(published(ABSENT), digest=pinned, tag="v1").plan()
    assert str(raised.value).startswith(key)
    assert raised.value.exit_code is ExitCode.BAD_INPUT


@pytest.mark.parametrize(
    ("in_source", "in_target", "expected"),
    [
        pytest.param(("v1",), ("v9",), "v9", id="the-targets-own"),
        pytest.param(("v1",), None, "v1", id="the-sources"),
        pytest.param(("v1",), (), "v1", id="untagged-in-the-target"),
        pytest.param((), ("v9",), "v9", id="untagged-in-the-source"),
        pytest.param((), (), "has no tag", id="none"),
        pytest.param(("v1", "latest"), None, "has the tags latest, v1", id="several-in-the-source"),
        pytest.param(("v1",), ("v9", "stable"), "has the tags stable, v9", id="several-in-the-target"),
    ],
)
def test_a_pinned_digest_keeps_the_one_tag_that_it_has(
    ecr: ECRClient, in_source: tuple[str, ...], in_target: tuple[str, ...] | None, expected: str
) -> None:
    digest = push(ecr, DEV, "old", *in_source)
    if in_target is not None:
        push(ecr, STAGING, "old", *in_target)
    promotes = promoter(published(ABSENT), digest=digest)
    if " " in expected:
        with pytest.raises(InputError, match=f"promote.tag: is missing, and the pinned {digest} {expected}"):
            promotes.plan()
    else:
        assert promotes.plan().release == Release(tag=expected, digest=digest)


def test_a_tag_that_is_there_already_is_nothing_to_do(ecr: ECRClient) -> None:
    digest = push(ecr, DEV, "new", "v2")
    push(ecr, STAGING, "new", "v2")
    plan = promoter(published(digest)).plan()
    assert plan == planned(digest, "v2", tag_holds=digest)
    assert not plan.is_due


def test_a_movable_tag_is_to_be_moved(ecr: ECRClient) -> None:
    digest, other = push(ecr, DEV, "new", "v2"), push(ecr, STAGING, "other", "v2")
    assert promoter(published(digest), mutability=MUTABLE).plan() == planned(digest, "v2", tag_holds=other)


def test_an_immutable_tag_on_another_image_is_a_conflict_that_names_both(ecr: ECRClient) -> None:
    digest, other = push(ecr, DEV, "new", "v2"), push(ecr, STAGING, "other", "v2")
    with pytest.raises(Conflict) as raised:
        promoter(published(digest)).plan()
    assert f"can't be moved from {other} to {digest}" in str(raised.value)


def test_a_target_that_is_yet_to_be_made_holds_nothing(ecr: ECRClient) -> None:
    digest = push(ecr, DEV, "new", "v2")
    ecr.delete_repository(repositoryName=STAGING)
    promotes = promoter(published(digest))
    assert (promotes.plan(), promotes.held("v2")) == (planned(digest, "v2"), None)


def test_what_a_tag_of_the_target_names_can_be_asked(ecr: ECRClient) -> None:
    digest = push(ecr, STAGING, "new", "v2")
    promotes = promoter(published(ABSENT))
    assert (promotes.held("v2"), promotes.held("v3")) == (digest, None)


# ---------------------------------------------------------------------------------------------------------------------
# Source and target in one
# ---------------------------------------------------------------------------------------------------------------------


def test_a_repository_is_not_promoted_to_itself(ecr: ECRClient, asked: Asked) -> None:
    digest = push(ecr, STAGING, "new", "v2")
    source = published(digest, name=STAGING)
    with pytest.raises(InputError) as raised:
        promoter(source).plan()
    assert str(raised.value) == (
        "container-registry:promote.from: stack dev has the very repository that this stack would promote to, "
        f"{source.arn}; accepted: a stack with a repository of its own"
    )
    assert [name for name, _ in asked] == ["GetCallerIdentity"]


def test_a_repository_of_the_same_name_in_another_account_is_another_one(ecr: ECRClient, asked: Asked) -> None:
    """moto has one account here, and takes no notice of whose repository is asked for."""
    digest = push(ecr, STAGING, "new", "v2")
    plan = promoter(published(digest, name=STAGING, account=OTHER_ACCOUNT)).plan()
    assert plan.origin is Origin.SOURCE
    assert [(name, params.get("registryId")) for name, params in asked] == [
        ("GetCallerIdentity", None),
        ("BatchGetImage", OTHER_ACCOUNT),
        ("BatchGetImage", None),
    ]


@pytest.mark.parametrize("region", ["eu-west-1", "us-west-2"])
def test_only_where_name_and_region_are_equal_the_account_is_asked_for(
    ecr: ECRClient, asked: Asked, region: str
) -> None:
    digest = push(ecr, DEV, "new", "v2")
    boto3.client("ecr", region_name="us-west-2").create_repository(repositoryName=DEV)
    asked.clear()
    source = published(digest)
    with pytest.raises(InputError, match="does not hold it") if region != REGION else pytest.MonkeyPatch.context():
        promoter(replace(source, arn=replace(source.arn, region=region))).plan()
    assert "GetCallerIdentity" not in {name for name, _ in asked}


# ---------------------------------------------------------------------------------------------------------------------
# Refusals of AWS
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers_before", [0, 1], ids=["source", "target"])
def test_a_missing_permission_is_one_line_that_names_the_repository(ecr_answers: Stubber, answers_before: int) -> None:
    for _ in range(answers_before):
        image = {"imageId": {"imageDigest": ABSENT}, "imageManifest": manifest("new")}
        ecr_answers.add_response("batch_get_image", {"images": [image]})
    ecr_answers.add_client_error("batch_get_image", "AccessDeniedException", "not\nyou", http_status_code=400)
    with pytest.raises(RemoteError) as raised:
        promoter(published(ABSENT, account=OTHER_ACCOUNT)).plan()
    assert (raised.value.code, raised.value.exit_code) == ("AccessDeniedException", ExitCode.REMOTE)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith(f"repository {STAGING if answers_before else DEV}: ecr BatchGetImage failed")
    assert "the credentials in use lack this permission on the repository" in str(raised.value)


# ---------------------------------------------------------------------------------------------------------------------
# The gate
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def scanned(ecr: ECRClient) -> str:
    """An image in the source whose scan has one HIGH finding, CVE-9999-9999; its digest."""
    digest = push(ecr, DEV, "new", "v2")
    ecr.start_image_scan(repositoryName=DEV, imageId={"imageDigest": digest})
    return digest


def test_a_gate_that_does_not_let_the_image_pass_names_it_and_the_finding(scanned: str) -> None:
    with pytest.raises(GateClosed) as raised:
        promoter(published(scanned), gate=ScanGate()).examine(planned(scanned, "v2"), say=Mock())
    assert raised.value.image == f"{HOST}/{DEV}@{scanned}"
    assert "CVE-9999-9999" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_image_without_a_scan_does_not_pass(ecr: ECRClient) -> None:
    digest = push(ecr, DEV, "new", "v2")
    with pytest.raises(GateClosed, match="ScanNotFoundException"):
        promoter(published(digest)).examine(planned(digest, "v2"), say=Mock())


def test_what_passes_is_recorded_and_warnings_are_said(scanned: str) -> None:
    gate = replace(LENIENT, ignore=(Ignore(id="CVE-1", reason="not reachable", until=date(2020, 1, 1)),))
    said: list[str] = []
    record = promoter(published(scanned), gate=gate).examine(planned(scanned, "v2"), say=said.append)
    assert record["image"] == f"{HOST}/{DEV}@{scanned}"
    assert (record["passed"], record["max_severity"], record["off"]) == (True, "HIGH", "")
    assert len(said) == 1
    assert said[0].startswith("warning: ")
    assert "CVE-1" in said[0]
    assert [f"warning: {warning}" for warning in record["warnings"]] == said  # type: ignore[attr-defined] # a list
    assert json.dumps(record)


def test_what_only_the_target_holds_is_examined_there(ecr: ECRClient, asked: Asked) -> None:
    digest = push(ecr, STAGING, "old", "v1")
    ecr.start_image_scan(repositoryName=STAGING, imageId={"imageDigest": digest})
    record = promoter(published(ABSENT)).examine(planned(digest, "v1", Origin.TARGET), say=Mock())
    assert record["image"] == f"{STAGING}@{digest}"
    assert {params["repositoryName"] for _, params in asked} == {STAGING}


def test_a_gate_that_is_off_asks_nothing_and_says_why(asked: Asked) -> None:
    gate = GateOff("scanner is down, see OPS-7")
    record = promoter(published(ABSENT), gate=gate).examine(planned(ABSENT, "v2"), say=Mock())
    assert (record["passed"], record["off"], record["image"]) == (True, gate.reason, f"{HOST}/{DEV}@{ABSENT}")
    assert asked == []


# ---------------------------------------------------------------------------------------------------------------------
# The copy
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ecr")
@pytest.mark.parametrize(("origin", "taken_from"), [(Origin.SOURCE, DEV), (Origin.TARGET, STAGING)])
def test_a_copy_is_made_by_digest_from_where_the_image_is(
    monkeypatch: pytest.MonkeyPatch, origin: Origin, taken_from: str
) -> None:
    made = Mock()
    monkeypatch.setattr(copying, "copy", made)
    assert promoter(published(ABSENT)).copy(Release(tag="v2", digest=ABSENT), origin) is made.return_value
    ((source, reference, target, tag), options) = made.call_args
    assert (source.name, reference, target.name, tag) == (f"{HOST}/{taken_from}", ABSENT, f"{HOST}/{STAGING}", "v2")
    assert options["mutability"] == IMMUTABLE
