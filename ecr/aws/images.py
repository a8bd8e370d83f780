"""All images of one ECR repository, read page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from ecr.ahead import Ahead
from ecr.aws import answers, errors
from ecr.errors import RemoteError
from ecr.lifecycle.images import Image, ImageStatus
from ecr.oci import manifest as manifests

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import DescribeImagesFilterTypeDef, DescribeImagesResponseTypeDef, ImageDetailTypeDef

    from ecr.aws.repository import EcrRepository

PAGE_SIZE = 1000  # API reference, DescribeImages, maxResults
MAX_PAGES = 10_000
BATCH_SIZE = 100  # API reference, BatchGetImage, imageIds
_THREADS = 8
_STATUSES = {str(status): status for status in ImageStatus}

# Failures that leave the entries of an index unknown: it was deleted since it was listed, or is in the archive, from
# where nothing can be pulled (API reference, ImageFailure; ECR user guide, "Archive images").
_OUT_OF_REACH = frozenset({"ImageNotFound", "ImageInaccessible"})


class _More(TypedDict, total=False):
    """What a request for a page may hold beside the repository."""

    filter: DescribeImagesFilterTypeDef
    nextToken: str


@dataclass(frozen=True)
class Listing:
    """The images of a repository, and what scans them.

    Attributes:
        images: all of them, in ECR's order. The children of indexes are not known yet.
        scan_statuses: what ECR says about their scans, such as `COMPLETE`; none where nothing scans.
        findings: digest -> severity, such as `CRITICAL` -> number of findings, as ECR sums them up; only images for
            which ECR has a summary.
    """

    images: tuple[Image, ...]
    scan_statuses: frozenset[str]
    findings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Page:
    """A page of the list of images, understood."""

    images: tuple[Image, ...]
    scan_statuses: frozenset[str]
    findings: Mapping[str, Mapping[str, int]]


def _never() -> bool:
    return False


class EcrImages:
    """The images of one repository, those in the archive included. Needs ecr:DescribeImages.

    Args:
        repository: where they are; it need not exist.
        cancelled: asked before each page; once it says yes, the list ends as a `RemoteError`.
    """

    def __init__(self, repository: EcrRepository, *, cancelled: Callable[[], bool] = _never) -> None:
        self._repository = repository
        self._cancelled = cancelled

    def list(self) -> tuple[Image, ...] | None:
        """All images; None when there is no such repository. Raises as `listing` does."""
        found = self.listing()
        return None if found is None else found.images

    def listing(self) -> Listing | None:
        """All images, and what scans them; None when there is no such repository.

        Raises:
            RemoteError: when AWS refuses or can't be reached, or the answer makes no sense.
        """
        images: list[Image] = []
        statuses: set[str] = set()
        findings: dict[str, Mapping[str, int]] = {}
        try:
            for page in self._pages():
                images += page.images
                statuses |= page.scan_statuses
                findings |= page.findings
        except _NoRepositoryError:
            return None
        # An image that is pushed or changed while pages are read may come twice.
        return Listing(tuple({image.digest: image for image in images}.values()), frozenset(statuses - {""}), findings)

    def existing(self) -> Listing:
        """As `listing`, of a repository that has to be there.

        Raises:
            RemoteError: as `listing`, or there is no such repository.
        """
        found = self.listing()
        if found is None:
            raise RemoteError(
                f"repository {self._repository.name}: there is no such repository; check its name and the Region",
                service="ecr",
                operation="DescribeImages",
                code="RepositoryNotFoundException",
            )
        return found

    def with_children(self, images: Sequence[Image]) -> tuple[Image, ...]:
        """The same images, with the digests that each index lists. Needs ecr:BatchGetImage where there is an index.

        An index in the archive may not be readable, and has no children here then.

        Raises:
            RemoteError: as `listing`.
        """
        indexes = [image for image in images if image.media_type in manifests.INDEX_MEDIA_TYPES]
        batches = [indexes[at : at + BATCH_SIZE] for at in range(0, len(indexes), BATCH_SIZE)]
        if not batches:
            return tuple(images)
        _ = self._repository.client  # made once, and not by all threads at the same time
        with ThreadPoolExecutor(min(_THREADS, len(batches))) as pool:
            found = list(pool.map(self._children, batches))
        children = {digest: listed for batch in found for digest, listed in batch.items()}
        return tuple(
            replace(image, children=children[image.digest]) if image.digest in children else image for image in images
        )

    def _pages(self) -> Iterator[_Page]:
        """Every page in turn; the next one is on its way while one is understood and used."""
        # Without the filter, images in the archive are left out (API reference, DescribeImages).
        more: _More = {"filter": {"imageStatus": "ANY"}}
        seen: set[str] = set()
        answer = self._next(more)
        while True:
            token = self._token(answer)
            if token in seen or len(seen) >= MAX_PAGES:
                raise self._malformed("DescribeImages", "the list of images has no last page")
            if not token:
                yield self._understood(answer)
                return
            seen.add(token)
            more["nextToken"] = token
            ahead = Ahead.start(lambda: self._next(more))
            yield self._understood(answer)
            answer = ahead.result()

    def _next(self, more: _More) -> DescribeImagesResponseTypeDef:
        if self._cancelled():
            raise errors.remote_error(self._repository.name, "DescribeImages", "Cancelled", "no longer wanted")
        return self._page(more)

    def _token(self, answer: DescribeImagesResponseTypeDef) -> str:
        with self._repository.reading("DescribeImages"):
            return answers.text(answer.get("nextToken", ""), "nextToken")

    def _page(self, more: _More) -> DescribeImagesResponseTypeDef:
        client = self._repository.client
        with self._repository.errors("DescribeImages"):
            try:
                return client.describe_images(
                    repositoryName=self._repository.name, maxResults=PAGE_SIZE, **more, **self._repository.registry_id
                )
            except client.exceptions.RepositoryNotFoundException:
                raise _NoRepositoryError from None
            except client.exceptions.InvalidParameterException:
                # An endpoint without an archive need not know the filter, which leaves nothing out there. On a later
                # page it is something else that is wrong.
                if "nextToken" in more or more.pop("filter", None) is None:
                    raise
        return self._page(more)

    def _understood(self, answer: DescribeImagesResponseTypeDef) -> _Page:
        with self._repository.reading("DescribeImages"):
            details = answer["imageDetails"]
            statuses = (detail.get("imageScanStatus", {}).get("status", "") for detail in details)
            return _Page(
                images=tuple(self._image(detail) for detail in details),
                scan_statuses=frozenset(answers.texts(statuses, "the status of a scan")),
                findings=dict(_summaries(details)),
            )

    def _image(self, detail: ImageDetailTypeDef) -> Image:
        digest = answers.digest(detail["imageDigest"], "imageDigest")
        subject = detail.get("subjectManifestDigest")
        return Image(
            digest=digest,
            tags=answers.texts(detail.get("imageTags", ()), "a tag"),
            pushed_at=answers.moment(detail["imagePushedAt"], "imagePushedAt"),
            size=answers.count(detail.get("imageSizeInBytes", 0), "imageSizeInBytes"),
            status=self._status(digest, answers.text(detail.get("imageStatus", ImageStatus.ACTIVE), "imageStatus")),
            pulled_at=_moment(detail.get("lastRecordedPullTime"), "lastRecordedPullTime"),
            archived_at=_moment(detail.get("lastArchivedAt"), "lastArchivedAt"),
            activated_at=_moment(detail.get("lastActivatedAt"), "lastActivatedAt"),
            media_type=answers.text(detail.get("imageManifestMediaType", ""), "imageManifestMediaType"),
            subject=None if subject is None else answers.digest(subject, "subjectManifestDigest"),
        )

    def _status(self, digest: str, status: str) -> ImageStatus:
        """What may happen to an image depends on its status, so none is guessed at."""
        if status not in _STATUSES:
            reason = f"the image {digest} is {status}; known: {', '.join(_STATUSES)}"
            raise errors.remote_error(self._repository.name, "DescribeImages", "UnknownImageStatus", reason)
        return _STATUSES[status]

    def _children(self, indexes: Sequence[Image]) -> dict[str, tuple[str, ...]]:
        with self._repository.errors("BatchGetImage"):
            answer = self._repository.client.batch_get_image(
                repositoryName=self._repository.name,
                imageIds=[{"imageDigest": index.digest} for index in indexes],
                acceptedMediaTypes=sorted(manifests.INDEX_MEDIA_TYPES),
                **self._repository.registry_id,
            )
        found: dict[str, tuple[str, ...]] = {}
        with self._repository.reading("BatchGetImage"):
            for failure in answer.get("failures", ()):
                code = answers.text(failure["failureCode"], "failureCode")
                if code not in _OUT_OF_REACH:
                    reason = answers.text(failure.get("failureReason", ""), "failureReason")
                    raise errors.remote_error(self._repository.name, "BatchGetImage", code, reason)
                found[failure.get("imageId", {}).get("imageDigest", "")] = ()
            for image in answer.get("images", ()):
                digest = image["imageId"]["imageDigest"]
                found[digest] = _entries(digest, answers.text(image["imageManifest"], "imageManifest"))
            for index in indexes:
                # Taken for an index of no entries, it would leave those that are protected without protection.
                if index.digest not in found:
                    raise ValueError(f"it says nothing about the index {index.digest}")
        return found

    def _malformed(self, operation: str, reason: str) -> RemoteError:
        return errors.remote_error(self._repository.name, operation, "MalformedAnswer", reason)


def _summaries(details: Iterable[ImageDetailTypeDef]) -> Iterator[tuple[str, dict[str, int]]]:
    """Digest and number of findings by severity, for the images that ECR has a summary of."""
    for detail in details:
        if (summary := detail.get("imageScanFindingsSummary")) is not None:
            counts = summary.get("findingSeverityCounts", {}).items()
            yield (
                detail["imageDigest"],
                {
                    answers.text(severity, "a severity"): answers.count(number, "a number of findings")
                    for severity, number in counts
                },
            )


def _moment(at: datetime | None, name: str) -> datetime | None:
    return None if at is None else answers.moment(at, name)


def _entries(digest: str, manifest: str) -> tuple[str, ...]:
    """The digests that an index lists."""
    try:
        document = manifests.json_object(manifest)
        entries = document.get("manifests")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("has no list of manifests")  # noqa: TRY301 (all of its troubles are told in one place)
        return tuple(entry.digest for entry in manifests.descriptors_in(document, "manifests"))
    except ValueError as error:
        raise ValueError(f"the index {digest} {error}") from error


class _NoRepositoryError(Exception):
    """There is no such repository."""
