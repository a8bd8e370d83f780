"""Answers of the wrong shape, as a proxy or an unfinished emulator gives them. botocore reads them; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.client import BAD_REQUEST, OK
from typing import NamedTuple

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from ecr.aws import EcrRepository, lifecycle
from ecr.aws.images import EcrImages
from ecr.aws.usage import EcrUsage
from ecr.errors import ExitCode, RemoteError
from ecr.lifecycle.images import Image
from ecr.oci.manifest import OCI_INDEX, OCI_MANIFEST
from ecr.repository import Encryption

NAME, REGION = "dev/app", "eu-west-1"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DIGEST, OTHER, CHILD = (f"sha256:{number:064x}" for number in range(3))
WHAT_TO_CHECK = "check what answers in the place of AWS, such as a proxy or AWS_ENDPOINT_URL"
MAX_LINE = 1400


class Endpoint:
    """Gives the same answer to every question but the one that starts a preview, which has no answer worth reading."""

    def __init__(self) -> None:
        self.body, self.status = "{}", OK

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        starts = "StartLifecyclePolicyPreview" in str(request.headers.get("X-Amz-Target"))
        body, status = ("{}", OK) if starts else (self.body, self.status)
        return AWSResponse(request.url, status, HTTPHeaders(), _Raw(body.encode()))


class _Raw:
    """As much of urllib3's response as botocore asks for."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


@pytest.fixture(scope="module")
def _endpoint() -> tuple[Endpoint, dict[str, object]]:
    """One client for each service, because loading its model takes a while."""
    endpoint = Endpoint()
    session = boto3.Session("made-up-id", "made-up-key", region_name=REGION)
    session.events.register("before-send", endpoint)  # type: ignore[arg-type]  # what it returns is the answer
    return (
        endpoint,
        {"ecr": session.client("ecr"), "sts": session.client("sts"), "inspector2": session.client("inspector2")},
    )


@pytest.fixture
def endpoint(
    _surroundings: None, _endpoint: tuple[Endpoint, dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> Endpoint:
    endpoint, clients = _endpoint
    monkeypatch.setattr(boto3.Session, "client", lambda _session, service, **_: clients[service])
    endpoint.body, endpoint.status = "{}", OK
    return endpoint


def here() -> EcrRepository:
    return EcrRepository(NAME, region=REGION)


class Question(NamedTuple):
    """What is asked, and the call that it leads to."""

    call: str
    ask: Callable[[], object]


QUESTIONS = {
    "list": Question("ecr DescribeImages", lambda: EcrImages(here()).listing()),
    "indexes": Question(
        "ecr BatchGetImage",
        lambda: EcrImages(here()).with_children([Image(digest=DIGEST, pushed_at=NOW, media_type=OCI_INDEX)]),
    ),
    "policy": Question("ecr GetLifecyclePolicy", lambda: lifecycle.live_policy(here())),
    "preview": Question("ecr GetLifecyclePolicyPreview", lambda: lifecycle.preview(here(), None, timeout_s=1)),
    "usage": Question("inspector2 ListCoverage", lambda: EcrUsage(here()).in_use(NOW, frozenset({"ACTIVE"}))),
    "image": Question("ecr DescribeImages", lambda: here().describe_image(DIGEST)),
    "tag": Question("ecr BatchGetImage", lambda: here().find_digest("v1")),
    "mutability": Question("ecr DescribeRepositories", lambda: here().tag_mutability()),
    "encryption": Question("ecr DescribeRepositories", lambda: here().can_stay(Encryption())),
    "place": Question("ecr DescribeRepositories", lambda: here().location()),
    "token": Question("ecr GetAuthorizationToken", lambda: here()._sign_in()),
    "account": Question("sts GetCallerIdentity", lambda: here().own_account()),
}

GARBAGE = {
    "empty-object": "{}",
    "null": "null",
    "list": "[]",
    "list-of-objects": "[{}]",
    "string": '"x"',
    "number": "5",
    "nothing": "",
    "text": "xx",
    "html-that-ends": "<html><body>Sign in, please</body></html>",
    "html-that-does-not": "<html>",
    "nested-without-end": "[" * 100_000,
    "objects-without-end": '{"a":' * 100_000,
}


def refused(question: Question) -> RemoteError:
    """The error that it ends with; it names the repository and the call, on one line of some length at most."""
    with pytest.raises(RemoteError) as raised:
        question.ask()
    message = str(raised.value)
    assert raised.value.exit_code is ExitCode.REMOTE
    assert message.startswith(f"repository {NAME}: {question.call} failed with {raised.value.code}: ")
    assert "\n" not in message
    assert len(message) < MAX_LINE
    return raised.value


def malformed(question: Question) -> str:
    error = refused(question)
    assert error.code == "MalformedAnswer"
    assert not error.temporary
    assert WHAT_TO_CHECK in str(error)
    return str(error)


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_what_is_no_answer_at_all_is_told_with_what_to_check(endpoint: Endpoint, question: Question, body: str) -> None:
    endpoint.body = body
    malformed(question)


# -- an answer that is wrong somewhere inside -------------------------------------------------------------------------


def image(**members: object) -> object:
    return {"imageDetails": [{"imageDigest": DIGEST, "imagePushedAt": 1.0, **members}]}


def manifest(text: object) -> object:
    return {"images": [{"imageId": {"imageDigest": DIGEST}, "imageManifest": text}], "failures": []}


def lists(entries: object) -> object:
    return manifest(json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}))


def previewed(**members: object) -> object:
    entry = {"imageDigest": DIGEST, "action": {"type": "EXPIRE"}, "appliedRulePriority": 1, **members}
    return {"status": "COMPLETE", "previewResults": [entry]}


def covered(**members: object) -> object:
    arn = f"arn:aws:ecr:{REGION}:123456789012:repository/{NAME}/{DIGEST}"
    return {"coveredResources": [{"resourceId": arn, "resourceMetadata": {"ecrImage": members}}]}


OTHER_IMAGE = {"imageId": {"imageDigest": OTHER}, "imageManifest": "{}"}
OTHER_FAILURE = {"imageId": {"imageDigest": OTHER}, "failureCode": "ImageNotFound"}
GOOD_ENTRY = {"mediaType": OCI_MANIFEST, "digest": CHILD, "size": 1}

INSIDE: list[tuple[str, str, object]] = [
    ("list", "no-list-of-images", {"imageDetails": None}),
    ("list", "number-of-images", {"imageDetails": 3}),
    ("list", "null-image", {"imageDetails": [None]}),
    ("list", "image-that-is-text", {"imageDetails": ["x"]}),
    ("list", "image-of-nothing", {"imageDetails": [{}]}),
    ("list", "digest-that-is-a-number", image(imageDigest=5)),
    ("list", "digest-that-is-none", image(imageDigest="sha256:x")),
    ("list", "date-beyond-time", image(imagePushedAt=1e18)),
    ("list", "date-beyond-numbers", image(imagePushedAt=10**400)),
    ("list", "date-that-is-none", image(imagePushedAt="yesterday")),
    ("list", "date-without-zone", image(imagePushedAt="2026-11-01T12:00:00")),
    ("list", "date-before-time", image(imagePushedAt="0001-01-01T00:00:00+09:00")),
    ("list", "pull-that-is-a-list", image(lastRecordedPullTime=[1])),
    ("list", "tag-that-is-null", image(imageTags=[None])),
    ("list", "tags-that-are-a-number", image(imageTags=5)),
    ("list", "size-that-is-text", image(imageSizeInBytes="7")),
    ("list", "size-that-is-true", image(imageSizeInBytes=True)),
    ("list", "size-below-nothing", image(imageSizeInBytes=-1)),
    ("list", "media-type-that-is-a-list", image(imageManifestMediaType=[OCI_INDEX])),
    ("list", "subject-that-is-a-number", image(subjectManifestDigest=5)),
    ("list", "status-that-is-a-list", image(imageStatus=["ACTIVE"])),
    ("list", "scan-status-that-is-text", image(imageScanStatus="COMPLETE")),
    ("list", "scan-status-of-a-list", image(imageScanStatus={"status": ["COMPLETE"]})),
    ("list", "token-that-is-a-list", {"imageDetails": [], "nextToken": ["a"]}),
    ("indexes", "null-image", {"images": [None]}),
    ("indexes", "image-of-nothing", {"images": [{}]}),
    ("indexes", "neither-here-nor-missing", {"images": [], "failures": []}),
    ("indexes", "only-another-one", {"images": [OTHER_IMAGE]}),
    ("indexes", "null-failure", {"failures": [None]}),
    ("indexes", "failure-of-another-one", {"failures": [OTHER_FAILURE]}),
    ("indexes", "failure-of-nobody", {"failures": [{"failureCode": "ImageNotFound"}]}),
    ("indexes", "failure-whose-code-is-a-list", {"failures": [{"failureCode": ["ImageNotFound"]}]}),
    ("indexes", "manifest-that-is-a-number", manifest(5)),
    ("indexes", "manifest-that-is-no-json", manifest("{")),
    ("indexes", "manifest-that-is-a-list", manifest("[]")),
    ("indexes", "manifest-without-end", manifest("[" * 100_000)),
    ("indexes", "no-entries", manifest('{"schemaVersion": 2}')),
    ("indexes", "entries-that-are-null", lists(None)),
    ("indexes", "entries-that-are-an-object", lists({})),
    ("indexes", "entry-that-is-null", lists([GOOD_ENTRY, None])),
    ("indexes", "entry-of-nothing", lists([GOOD_ENTRY, {}])),
    ("policy", "null", {"lifecyclePolicyText": None}),
    ("policy", "object", {"lifecyclePolicyText": {"rules": []}}),
    ("policy", "nothing", {"lifecyclePolicyText": ""}),
    ("preview", "no-results", {"status": "COMPLETE"}),
    ("preview", "null-result", {"status": "COMPLETE", "previewResults": [None]}),
    ("preview", "result-that-is-text", {"status": "COMPLETE", "previewResults": ["x"]}),
    ("preview", "status-of-its-own", {"status": "PAUSED", "previewResults": []}),
    ("preview", "status-that-is-a-list", {"status": ["COMPLETE"], "previewResults": []}),
    ("preview", "digest-that-is-a-number", previewed(imageDigest=5)),
    ("preview", "no-action", previewed(action=None)),
    ("preview", "action-that-is-a-list", previewed(action={"type": ["EXPIRE"]})),
    ("preview", "tag-that-is-null", previewed(imageTags=[None])),
    ("preview", "priority-that-is-text", previewed(appliedRulePriority="1")),
    ("preview", "date-that-is-none", previewed(imagePushedAt="yesterday")),
    ("preview", "token-that-is-a-list", {"status": "COMPLETE", "previewResults": [], "nextToken": ["a"]}),
    ("usage", "null-image", {"coveredResources": [None]}),
    ("usage", "image-that-is-text", {"coveredResources": ["x"]}),
    ("usage", "image-of-nothing", {"coveredResources": [{}]}),
    ("usage", "name-that-is-a-number", {"coveredResources": [{"resourceId": 5}]}),
    ("usage", "metadata-that-is-text", {"coveredResources": [{"resourceId": DIGEST, "resourceMetadata": "x"}]}),
    ("usage", "count-that-is-text", covered(inUseCount="many")),
    ("usage", "date-that-is-none", covered(lastInUseAt="yesterday")),
    ("usage", "date-beyond-time", covered(lastInUseAt=1e18)),
    ("usage", "date-without-zone", covered(lastInUseAt="2026-11-21T12:00:00")),
    ("usage", "token-that-is-a-list", {"coveredResources": [], "nextToken": ["a"]}),
    ("image", "null-image", {"imageDetails": [None]}),
    ("image", "image-of-nothing", {"imageDetails": [{}]}),
    ("image", "tag-that-is-null", image(imageTags=[None, "v1"])),
    ("tag", "null-image", {"images": [None]}),
    ("tag", "null-failure", {"failures": [None]}),
    ("tag", "digest-that-is-a-number", {"images": [{"imageId": {"imageDigest": 5}}]}),
    ("mutability", "null-repository", {"repositories": [None]}),
    ("mutability", "no-repository", {"repositories": []}),
    ("mutability", "mutability-of-its-own", {"repositories": [{"imageTagMutability": "SOMETIMES"}]}),
    ("encryption", "type-missing", {"repositories": [{"encryptionConfiguration": {}}]}),
    ("place", "no-repository", {"repositories": []}),
    ("place", "no-address", {"repositories": [{}]}),
    ("place", "address-that-is-none", {"repositories": [{"repositoryUri": "nowhere"}]}),
    ("token", "no-token", {"authorizationData": []}),
    ("token", "token-that-is-none", {"authorizationData": [{"authorizationToken": "\xe9"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("question", "answer"), [pytest.param(*row[::2], id="-".join(row[:2])) for row in INSIDE])
def test_what_makes_no_sense_inside_an_answer_is_told_with_what_to_check(
    endpoint: Endpoint, question: str, answer: object
) -> None:
    endpoint.body = json.dumps(answer)
    malformed(QUESTIONS[question])


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        pytest.param("list", {}, "there is no 'imageDetails'", id="missing"),
        pytest.param("list", {"imageDetails": [None]}, "it has another shape than AWS's (TypeError", id="shape"),
        pytest.param("list", image(imagePushedAt="yesterday"), 'Invalid timestamp "yesterday"', id="date"),
        pytest.param(
            "list", image(imageDigest="sha256:x"), "imageDigest is 'sha256:x', which is no digest", id="digest"
        ),
        pytest.param("indexes", {"images": []}, f"says nothing about the index {DIGEST}", id="index"),
        pytest.param("indexes", lists({}), f"the index {DIGEST} has no list of manifests", id="entries"),
        pytest.param("indexes", manifest("{"), f"the index {DIGEST} is not JSON", id="manifest"),
        pytest.param("preview", {"status": "PAUSED"}, "'PAUSED'", id="preview"),
    ],
)
def test_the_line_says_what_is_wrong(endpoint: Endpoint, question: str, answer: object, words: str) -> None:
    endpoint.body = json.dumps(answer)
    assert words in malformed(QUESTIONS[question])


def test_an_image_of_an_unknown_status_stops_the_reading_since_nobody_knows_what_may_happen_to_it(
    endpoint: Endpoint,
) -> None:
    endpoint.body = json.dumps(image(imageStatus="TRANSITIONING"))
    error = refused(QUESTIONS["list"])
    assert error.code == "UnknownImageStatus"
    assert f"image {DIGEST} is TRANSITIONING; known: ACTIVE, ARCHIVED, ACTIVATING" in str(error)
    assert "AWS_ENDPOINT_URL" not in str(error)


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        *(pytest.param(body, id=name) for name, body in GARBAGE.items()),
        pytest.param('{"__type": 5}', id="code-that-is-a-number"),
        pytest.param('{"__type": ["x"]}', id="code-that-is-a-list"),
        pytest.param('{"__type": null, "message": null}', id="code-and-reason-that-are-null"),
        pytest.param('{"__type": "X", "message": {"a": 1}}', id="reason-that-is-an-object"),
        pytest.param(f"<html>{'very long ' * 1000}</html>", id="reason-that-is-a-page"),
    ],
)
@pytest.mark.parametrize("name", ["list", "policy", "usage"])
def test_a_refusal_of_the_wrong_shape_is_one_line_too(endpoint: Endpoint, name: str, body: str) -> None:
    endpoint.status, endpoint.body = BAD_REQUEST, body
    error = refused(QUESTIONS[name])
    assert error.code
