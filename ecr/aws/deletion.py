"""Deletes images of one ECR repository, by digest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecr.aws import answers
from ecr.cleaning import Deleted
from ecr.errors import RemoteError

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import DescribeImagesResponseTypeDef

    from ecr.aws.repository import EcrRepository

# API reference, ImageFailure. What is not there any more need not be deleted.
_GONE = "ImageNotFound"
_IN_WORDS = {
    "ImageReferencedByManifestList": "an index that is there lists it",
    "UpstreamAccessDenied": "the upstream registry refuses",
}


class EcrDeletion:
    """Deletes images, 100 at most in one request (API reference, BatchDeleteImage).

    Needs ecr:BatchDeleteImage, and ecr:DescribeImages to look once more before.

    Args:
        repository: where they are.
    """

    def __init__(self, repository: EcrRepository) -> None:
        self._repository = repository

    def tags(self, digests: Sequence[str]) -> dict[str, frozenset[str]]:
        """Digest -> the tags that the image has now, for those that are there.

        Raises:
            RemoteError: when AWS refuses or can't be reached, or there is no such repository.
        """
        if not digests:
            return {}
        answer = self._describe(digests)
        if answer is not None:
            with self._repository.reading("DescribeImages"):
                return {
                    answers.digest(detail["imageDigest"], "imageDigest"): frozenset(
                        answers.texts(detail.get("imageTags", ()), "a tag")
                    )
                    for detail in answer["imageDetails"]
                }
        if len(digests) == 1:
            return {}
        # One that is missing makes ECR refuse the whole question.
        middle = len(digests) // 2
        return self.tags(digests[:middle]) | self.tags(digests[middle:])

    def delete(self, digests: Sequence[str]) -> Deleted:
        """Delete images with all their tags; those that are not there count as deleted.

        Raises:
            RemoteError: when AWS refuses or can't be reached, or there is no such repository; what became of the images
                is known only where the code says so.
        """
        with self._repository.errors("BatchDeleteImage"):
            answer = self._repository.client.batch_delete_image(
                repositoryName=self._repository.name,
                imageIds=[{"imageDigest": digest} for digest in digests],
                **self._repository.registry_id,
            )
        gone, left = set[str](), dict[str, str]()
        with self._repository.reading("BatchDeleteImage"):
            for failure in answer.get("failures", ()):
                digest = answers.digest(failure["imageId"]["imageDigest"], "imageDigest")
                code = answers.text(failure["failureCode"], "failureCode")
                reason = answers.text(failure.get("failureReason", ""), "failureReason")
                if code == _GONE:
                    gone.add(digest)
                else:
                    left[digest] = _IN_WORDS.get(code, f"ECR refuses with {code}: {reason}")
            for image in answer.get("imageIds", ()):
                gone.add(answers.digest(image["imageDigest"], "imageDigest"))
        if silent := [digest for digest in digests if digest not in gone and digest not in left]:
            # An emulator need not answer for an image without tags (moto 5.2).
            present = self._present(silent)
            gone.update(digest for digest in silent if digest not in present)
            left |= present
        return Deleted(gone=frozenset(gone - set(left)), left=left)

    def _present(self, silent: Sequence[str]) -> dict[str, str]:
        """Digest -> why it is still there, or may be. That it can't be looked for hides nothing of what is known."""
        try:
            return dict.fromkeys(self.tags(silent), "ECR has not deleted it, and does not say why")
        except RemoteError as error:
            return dict.fromkeys(silent, f"ECR does not say what became of it: {error}")

    def _describe(self, digests: Sequence[str]) -> DescribeImagesResponseTypeDef | None:
        client = self._repository.client
        with self._repository.errors("DescribeImages"):
            try:
                return client.describe_images(
                    repositoryName=self._repository.name,
                    imageIds=[{"imageDigest": digest} for digest in digests],
                    **self._repository.registry_id,
                )
            except client.exceptions.ImageNotFoundException:
                return None
