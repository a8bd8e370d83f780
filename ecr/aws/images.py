"""All images of one ECR repository, read page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict

from ecr.aws import errors
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
    """

    images: tuple[Image, ...]
    scan_statuses: frozenset[str]


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
        try:
            for page in self._pages():
                details = page["imageDetails"]
                images += [self._image(detail) for detail in details]
                statuses |= {detail.get("imageScanStatus", {}).get("status", "") for detail in details}
        except _NoRepositoryError:
            return None
        # An image that is pushed or changed while pages are read may come twice.
        return Listing(tuple({image.digest: image for image in images}.values()), frozenset(statuses - {""}))

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
            answers = list(pool.map(self._children, batches))
        children = {digest: listed for answer in answers for digest, listed in answer.items()}
        return tuple(
            replace(image, children=children[image.digest]) if image.digest in children else image for image in images
        )

    def _pages(self) -> Iterator[DescribeImagesResponseTypeDef]:
        # Without the filter, images in the archive are left out (API reference, DescribeImages).
        more: _More = {"filter": {"imageStatus": "ANY"}}
        seen: set[str] = set()
        while not self._cancelled():
            page = self._page(more)
            yield page
            token = page.get("nextToken") or ""
            if not token:
                return
            if token in seen or len(seen) >= MAX_PAGES:
                raise self._malformed("DescribeImages", "the list of images has no last page")
            seen.add(token)
            more["nextToken"] = token
        raise errors.remote_error(self._repository.name, "DescribeImages", "Cancelled", "no longer wanted")

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
                # An endpoint without an archive need not know the filter, which leaves nothing out there.
                if more.pop("filter", None) is None:
                    raise
        return self._page(more)

    def _image(self, detail: ImageDetailTypeDef) -> Image:
        pushed_at = detail.get("imagePushedAt")
        if pushed_at is None or "imageDigest" not in detail:
            raise self._malformed("DescribeImages", "an image has no digest, or no time of its push")
        return Image(
            digest=detail["imageDigest"],
            tags=tuple(detail.get("imageTags", ())),
            pushed_at=pushed_at.astimezone(UTC),
            size=detail.get("imageSizeInBytes", 0),
            status=ImageStatus(detail.get("imageStatus", ImageStatus.ACTIVE)),
            pulled_at=_utc(detail.get("lastRecordedPullTime")),
            archived_at=_utc(detail.get("lastArchivedAt")),
            activated_at=_utc(detail.get("lastActivatedAt")),
            media_type=detail.get("imageManifestMediaType", ""),
            subject=detail.get("subjectManifestDigest"),
        )

    def _children(self, indexes: Sequence[Image]) -> dict[str, tuple[str, ...]]:
        with self._repository.errors("BatchGetImage"):
            answer = self._repository.client.batch_get_image(
                repositoryName=self._repository.name,
                imageIds=[{"imageDigest": index.digest} for index in indexes],
                acceptedMediaTypes=sorted(manifests.INDEX_MEDIA_TYPES),
                **self._repository.registry_id,
            )
        for failure in answer.get("failures", []):
            code = failure.get("failureCode", "")
            if code not in _OUT_OF_REACH:
                reason = failure.get("failureReason", "")
                raise errors.remote_error(self._repository.name, "BatchGetImage", code, reason)
        try:
            return {
                image["imageId"]["imageDigest"]: tuple(
                    entry.digest
                    for entry in manifests.descriptors_in(manifests.json_object(image["imageManifest"]), "manifests")
                )
                for image in answer.get("images", [])
            }
        except (KeyError, ValueError) as error:
            raise self._malformed("BatchGetImage", f"an index {error}") from error

    def _malformed(self, operation: str, reason: str) -> RemoteError:
        return errors.remote_error(self._repository.name, operation, "MalformedAnswer", reason)


def _utc(at: datetime | None) -> datetime | None:
    """The same moment in UTC: botocore's times have zones of their own, which makes comparing them slow."""
    return None if at is None else at.astimezone(UTC)


class _NoRepositoryError(Exception):
    """There is no such repository."""
