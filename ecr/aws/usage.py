"""Which images of one ECR repository are in use, as far as Amazon Inspector has seen.

Source: Inspector API reference, ListCoverage (EcrContainerImageMetadata: `inUseCount`, the tasks and pods that an image
runs in now, and `lastInUseAt`). The same two stand in ECR's DescribeImageScanFindings, at one call for each image.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NotRequired, Protocol, TypedDict, Unpack

from ecr.aws import answers, errors
from ecr.errors import RemoteError
from ecr.reference import is_digest

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository

PAGE_SIZE = 200  # API reference, ListCoverage, maxResults
MAX_PAGES = 5_000
RECENTLY = timedelta(days=30)
_SERVICE, _OPERATION = "inspector2", "ListCoverage"

# Statuses that enhanced scanning alone gives (ECR API reference, ImageScanStatus); COMPLETE it shares with basic
# scanning, where it scans on push (github.com/aws/aws-sdk/issues/289).
_ENHANCED = frozenset({"ACTIVE", "PENDING", "SCAN_ELIGIBILITY_EXPIRED", "IMAGE_ARCHIVED", "IMAGE_SIZE_EXCEEDED"})
_EITHER = frozenset({"COMPLETE"})
_BASIC = "BASIC"  # ECR API reference, RegistryScanningConfiguration, scanType

# What an account, Region or emulator without Inspector answers.
_NO_INSPECTOR = frozenset({"AccessDeniedException", "EndpointConnectionError", "InvalidAction"})


class ImageMetadata(TypedDict, total=False):
    """EcrContainerImageMetadata."""

    inUseCount: int
    lastInUseAt: datetime


class ResourceMetadata(TypedDict, total=False):
    """ResourceScanMetadata."""

    ecrImage: ImageMetadata


class CoveredResource(TypedDict):
    """CoveredResource."""

    resourceId: str
    resourceMetadata: NotRequired[ResourceMetadata]


class Coverage(TypedDict, total=False):
    """The answer to ListCoverage."""

    coveredResources: list[CoveredResource]
    nextToken: str


class Question(TypedDict):
    """The request of ListCoverage."""

    filterCriteria: Mapping[str, object]
    maxResults: int
    nextToken: NotRequired[str]


class InspectorClient(Protocol):
    """What is asked of Inspector."""

    def list_coverage(self, **request: Unpack[Question]) -> Coverage:
        """One page of what Inspector covers."""


class EcrUsage:
    """Which images are in use. Needs inspector2:ListCoverage.

    Args:
        repository: where they are.
        client: Inspector in the repository's Region; None makes one.
    """

    def __init__(self, repository: EcrRepository, client: InspectorClient | None = None) -> None:
        self._repository = repository
        self._client = client
        self._refused: RemoteError | None = None

    def in_use(self, now: datetime, scan_statuses: frozenset[str]) -> Mapping[str, str]:
        """Digest -> in what way it is in use, for images that run now or did so in the last 30 days.

        Args:
            now: the time, with its zone.
            scan_statuses: what ECR says about the scans of the images: whether Inspector is worth asking.

        Raises:
            RemoteError: when AWS refuses or can't be reached. Where the scans may as well be basic ones, a refusal
                means that nothing is known.
        """
        if not scan_statuses & (_ENHANCED | _EITHER):
            return {}
        try:
            # Two questions, because the criteria of one must all hold.
            recent = self._ask({"ecrImageLastInUseAt": [{"startInclusive": now - RECENTLY, "endInclusive": now}]})
            running = self._ask({"ecrImageInUseCount": [{"lowerInclusive": 1}]})
        except RemoteError as error:
            if scan_statuses & _ENHANCED or error.code not in _NO_INSPECTOR:
                raise
            self._refused = error
            return {}
        return {digest: words for digest, metadata in (recent | running).items() if (words := _words(metadata, now))}

    def certainly_in_use(self, now: datetime, scan_statuses: frozenset[str]) -> Mapping[str, str]:
        """As `in_use`, for those who must not guess: where Inspector refuses, ECR has to say that it does not scan.

        Needs ecr:GetRegistryScanningConfiguration where the scans may be basic or enhanced ones.

        Raises:
            RemoteError: as `in_use`, and when Inspector may know of images in use, but does not tell.
        """
        found = self.in_use(now, scan_statuses)
        if self._refused is not None and self._repository.scan_type() != _BASIC:
            raise self._refused
        return found

    def _ask(self, criteria: Mapping[str, object]) -> dict[str, ImageMetadata]:
        name = {"ecrRepositoryName": [{"comparison": "EQUALS", "value": self._repository.name}]}
        found: dict[str, ImageMetadata] = {}
        token, seen = "", set[str]()
        while True:
            page = self._page({**name, **criteria}, token)
            with errors.reading(self._repository.name, _OPERATION, service=_SERVICE):
                for covered in page["coveredResources"]:
                    digest = answers.text(covered["resourceId"], "resourceId").rpartition("/")[2]
                    if is_digest(digest):  # the repository itself is covered, too
                        found[digest] = _checked(covered.get("resourceMetadata", {}).get("ecrImage", {}))
                token = answers.text(page.get("nextToken", ""), "nextToken")
            if not token:
                return found
            if token in seen or len(seen) >= MAX_PAGES:
                raise self._malformed("the list of covered images has no last page")
            seen.add(token)

    def _page(self, criteria: Mapping[str, object], token: str) -> Coverage:
        if self._client is None:
            self._client = self._repository.inspector()
        with errors.translated(self._repository.name, _OPERATION, service=_SERVICE):
            request: Question = {"filterCriteria": criteria, "maxResults": PAGE_SIZE}
            if token:
                request["nextToken"] = token
            return self._client.list_coverage(**request)

    def _malformed(self, reason: str) -> RemoteError:
        name = self._repository.name
        return errors.remote_error(name, _OPERATION, "MalformedAnswer", reason, service=_SERVICE)


def _checked(metadata: ImageMetadata) -> ImageMetadata:
    checked: ImageMetadata = {"inUseCount": answers.count(metadata.get("inUseCount", 0), "inUseCount")}
    if "lastInUseAt" in metadata:
        checked["lastInUseAt"] = answers.moment(metadata["lastInUseAt"], "lastInUseAt")
    return checked


def _words(metadata: ImageMetadata, now: datetime) -> str:
    """How an image is in use; empty when it is not: an emulator may answer with all that it covers."""
    if count := metadata.get("inUseCount", 0):
        return f"in use: {count} running" if count > 1 else "in use: 1 running"
    last = metadata.get("lastInUseAt")
    if last is None or last < now - RECENTLY:
        return ""
    return f"in use until {last:%Y-%m-%d}"
