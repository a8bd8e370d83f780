"""Scans of the images in one ECR repository, read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypedDict

from ecr.aws import errors
from ecr.errors import RemoteError
from ecr.oci import manifest as manifests
from ecr.oci.manifest import Descriptor, Kind, Manifest
from ecr.reference import is_digest
from ecr.scan import ANSWERED, NOT_FOUND, Finding, Scan, shortened
from ecr.severity import Severity

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        DescribeImageScanFindingsResponseTypeDef,
        EnhancedImageScanFindingTypeDef,
        ImageScanFindingTypeDef,
        VulnerablePackageTypeDef,
    )

    from ecr.aws.repository import EcrRepository

# API reference, DescribeImageScanFindings: at most 1000; enhanced findings come by the hundred all the same
# (github.com/boto/boto3/issues/3449).
_PAGE_SIZE = 1000
MAX_PAGES = 1000
# API reference, BatchGetImage, imageIds.
_MAX_IMAGES = 100
MAX_ENTRIES = 500

_MAX_ID = 200
_MAX_TITLE = 300
_MAX_URL = 500
_NO_FIX = (
    "NotAvailable"  # Inspector's word for a version that is not there (API reference, the example of the operation)
)

_IMAGE_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")
_NO_PLATFORM = frozenset({"", "unknown/unknown"})


class _NextToken(TypedDict, total=False):
    nextToken: str


class EcrScans:
    """What ECR knows about the images of one repository; an `ecr.gate.ScanSource`.

    Needs ecr:BatchGetImage and ecr:DescribeImageScanFindings; with enhanced scanning also inspector2:ListFindings and
    inspector2:ListCoverage, because ECR asks Inspector in the caller's name (ECR user guide, "Enhanced scanning").

    Args:
        repository: where the images are.
    """

    def __init__(self, repository: EcrRepository) -> None:
        self._repository = repository

    def platforms(self, digest: str) -> tuple[tuple[str, str], ...]:
        """Digest and platform of every image that an index leads to, or those of the image itself.

        ECR scans the images of an index, and not the index (github.com/aws/containers-roadmap/issues/1683). An entry
        is left out only when its own manifest shows that nothing in it can be run, as with attestations: what the
        index calls it proves nothing. An image that is in no index has no platform here.

        Raises:
            RemoteError: when the image or one of its entries is not there, malformed, or can't be read.
        """
        (root,) = self._manifests([digest])
        if root.kind is not Kind.INDEX:
            return ((digest, ""),)
        images: list[tuple[str, str]] = []
        indexes, seen = [root], {digest}
        while indexes:
            for child, inside in self._children(indexes.pop(0)):
                if inside is not None and inside.kind is Kind.INDEX:
                    indexes += [] if child.digest in seen else [inside]
                elif inside is None or _can_run(inside):
                    images.append((child.digest, child.platform))
                seen.add(child.digest)
                if len(seen) > MAX_ENTRIES:
                    raise self._malformed(digest, f"leads to more than {MAX_ENTRIES} manifests")
        return tuple(images)

    def scan(self, digest: str) -> Scan:
        """What ECR says about one image now.

        Raises:
            RemoteError: when the image is not there, or AWS refuses or can't be reached.
        """
        pages = self._pages(digest)
        if not pages:
            return Scan(image_digest=digest, status=NOT_FOUND)
        statuses = {_status(page) for page in pages}
        details = [page.get("imageScanFindings", {}) for page in pages]
        ends = {part["imageScanCompletedAt"] for part in details if "imageScanCompletedAt" in part}
        if len(statuses) > 1 or len(ends) > 1:
            # A scan began or ended between two pages: what was read belongs to two scans.
            return Scan(image_digest=digest, status="IN_PROGRESS", findings=None)
        counts = details[0].get("findingSeverityCounts")
        listed = any("findings" in part or "enhancedFindings" in part for part in details)
        basic = (_basic(entry, digest) for part in details for entry in part.get("findings", ()))
        enhanced = [_enhanced(entry, digest) for part in details for entry in part.get("enhancedFindings", ())]
        return Scan(
            image_digest=digest,
            status=statuses.pop(),
            description=pages[0].get("imageScanStatus", {}).get("description", ""),
            findings=(*basic, *enhanced) if listed else None,
            completed_at=details[0].get("imageScanCompletedAt"),
            enhanced=any("enhancedFindings" in part for part in details),
            reported=None if counts is None else {str(severity): number for severity, number in counts.items()},
        )

    def _pages(self, digest: str) -> list[DescribeImageScanFindingsResponseTypeDef]:
        """All pages of an answer, the first one only where the scan has not ended well; none where there is no scan."""
        pages: list[DescribeImageScanFindingsResponseTypeDef] = []
        token, seen = "", {""}
        while (page := self._page(digest, token)) is not None:
            pages.append(page)
            token = page.get("nextToken") or ""
            if not token or _status(page) not in ANSWERED:
                return pages
            if token in seen or len(seen) >= MAX_PAGES:
                raise errors.remote_error(
                    self._repository.name,
                    "DescribeImageScanFindings",
                    "MalformedAnswer",
                    f"the findings of {digest} have no last page",
                )
            seen.add(token)
        return []

    def _page(self, digest: str, token: str) -> DescribeImageScanFindingsResponseTypeDef | None:
        client = self._repository.client
        more: _NextToken = {"nextToken": token} if token else {}
        with self._repository.errors("DescribeImageScanFindings"):
            try:
                answer = client.describe_image_scan_findings(
                    repositoryName=self._repository.name,
                    imageId={"imageDigest": digest},
                    maxResults=_PAGE_SIZE,
                    **more,
                    **self._repository.registry_id,
                )
            except client.exceptions.ScanNotFoundException:
                return None
        return answer

    def _children(self, index: Manifest) -> list[tuple[Descriptor, Manifest | None]]:
        """The entries of an index, with the manifest of those that may be something else than an image."""
        for blob in index.blobs:
            if blob.platform not in _NO_PLATFORM:
                # Something may know how to run it; nothing here knows how to have it scanned.
                kind = shortened(blob.media_type, 80)
                raise self._malformed(index.digest, f"names {blob.digest} for {blob.platform} as {kind}, no image")
        unclear = [
            child.digest
            for child in index.children
            if child.platform in _NO_PLATFORM or child.media_type not in manifests.MANIFEST_MEDIA_TYPES
        ][: MAX_ENTRIES + 1]
        inside = dict(zip(unclear, self._manifests(unclear), strict=True))
        return [(child, inside.get(child.digest)) for child in index.children]

    def _manifests(self, digests: Sequence[str]) -> list[Manifest]:
        """The manifests of these digests, in their order."""
        found: dict[str, Manifest] = {}
        for start in range(0, len(digests), _MAX_IMAGES):
            found |= self._batch_get(digests[start : start + _MAX_IMAGES])
        for digest in digests:
            if digest not in found:
                raise errors.remote_error(
                    self._repository.name, "BatchGetImage", "ImageNotFoundException", f"there is no image {digest}"
                )
        return [found[digest] for digest in digests]

    def _batch_get(self, digests: Sequence[str]) -> dict[str, Manifest]:
        with self._repository.errors("BatchGetImage"):
            answer = self._repository.client.batch_get_image(
                repositoryName=self._repository.name,
                imageIds=[{"imageDigest": digest} for digest in digests],
                acceptedMediaTypes=sorted(manifests.ALL_MEDIA_TYPES),
                **self._repository.registry_id,
            )
        for failure in answer.get("failures", []):
            code, reason = failure.get("failureCode", ""), failure.get("failureReason", "")
            if code != "ImageNotFound":
                raise errors.remote_error(self._repository.name, "BatchGetImage", code, reason)
        found = {}
        for image in answer.get("images", []):
            digest = image.get("imageId", {}).get("imageDigest", "")
            if is_digest(digest):
                found[digest] = self._parsed(
                    digest, image.get("imageManifest", ""), image.get("imageManifestMediaType", "")
                )
        return found

    def _parsed(self, digest: str, text: str, media_type: str) -> Manifest:
        try:
            return manifests.parse(text.encode(), media_type)
        except ValueError as error:
            raise self._malformed(digest, str(error)) from error

    def _malformed(self, digest: str, problem: str) -> RemoteError:
        return errors.remote_error(
            self._repository.name, "BatchGetImage", "MalformedManifest", f"the manifest {digest} {problem}"
        )


def _status(page: DescribeImageScanFindingsResponseTypeDef) -> str:
    return shortened(page.get("imageScanStatus", {}).get("status", ""), _MAX_ID)


def _can_run(manifest: Manifest) -> bool:
    """Whether a container could be made of it: it has a file system, or is an image of no layers.

    BuildKit keeps attestations as images with layers of in-toto statements only (Docker documentation, "Image
    attestation storage").
    """
    types = [blob.media_type for blob in manifest.blobs]
    return any(kind.startswith(_LAYERS) for kind in types) or (
        manifest.kind is Kind.IMAGE and all(kind in _IMAGE_CONFIGS for kind in types)
    )


def _basic(entry: ImageScanFindingTypeDef, digest: str) -> Finding:
    attributes = {item["key"]: item.get("value", "") for item in entry.get("attributes", ())}
    name = entry.get("name", "")
    return Finding(
        id=shortened(name, _MAX_ID),
        severity=Severity.of(entry.get("severity")),
        package=shortened(attributes.get("package_name", ""), _MAX_ID),
        version=shortened(attributes.get("package_version", ""), _MAX_ID),
        fixed_in=shortened(attributes.get("fixed_in_version", ""), _MAX_ID),
        title=shortened(entry.get("description") or name, _MAX_TITLE),
        url=_url(entry.get("uri", "")),
        image_digest=digest,
    )


def _enhanced(entry: EnhancedImageScanFindingTypeDef, digest: str) -> Finding:
    details = entry.get("packageVulnerabilityDetails", {})
    packages = details.get("vulnerablePackages", [])
    return Finding(
        id=shortened(details.get("vulnerabilityId") or entry.get("findingArn", ""), _MAX_ID),
        severity=Severity.of(entry.get("severity")),
        package=_joined(package.get("name", "") for package in packages),
        version=_joined(_version(package) for package in packages),
        fixed_in=_joined(package.get("fixedInVersion", "") for package in packages),
        title=shortened(entry.get("title") or entry.get("description", ""), _MAX_TITLE),
        url=_url(details.get("sourceUrl", "")),
        image_digest=digest,
    )


def _version(package: VulnerablePackageTypeDef) -> str:
    """As package managers write it: EPOCH:VERSION-RELEASE, without what is not there."""
    epoch, release = package.get("epoch"), package.get("release")
    return f"{f'{epoch}:' if epoch else ''}{package.get('version', '')}{f'-{release}' if release else ''}"


def _joined(values: Iterable[str]) -> str:
    """Each value once, in a stable order."""
    return shortened(", ".join(sorted({value for value in values if value and value != _NO_FIX})), _MAX_ID)


def _url(text: str) -> str:
    """An address that may be shown as a link; empty for anything else."""
    return shortened(text, _MAX_URL) if text.startswith(("https://", "http://")) else ""
