"""What the images of one ECR repository are made of: their manifests, each read once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ecr.aws import answers, errors
from ecr.cost import layers
from ecr.cost.layers import Contents
from ecr.layer_cache import ManifestCache
from ecr.lifecycle.images import Image
from ecr.oci import manifest as manifests

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository

BATCH_SIZE = 100  # API reference, BatchGetImage, imageIds
THREADS = 8
_OPERATION = "BatchGetImage"

# Failures that leave what an image is made of unknown: it was deleted since it was listed, or is in the archive, from
# where nothing can be read (API reference, ImageFailure; ECR user guide, "Archiving an image").
_OUT_OF_REACH = frozenset({"ImageNotFound", "ImageInaccessible"})

_Sources = Mapping[str, str]  # digest -> media type, which a manifest itself need not say


class EcrLayers:
    """What images are made of. Needs ecr:BatchGetImage for what the cache does not hold.

    Args:
        repository: where the images are.
        cache: what was read before, here or in another repository.
        threads: how many questions are asked at once; 1 or more.
    """

    def __init__(self, repository: EcrRepository, cache: ManifestCache, *, threads: int = THREADS) -> None:
        self._repository = repository
        self._cache = cache
        self._threads = threads

    def contents(self, images: Sequence[Image]) -> dict[str, Contents]:
        """Digest -> what it is made of; what indexes list is among them, whether it was listed or not.

        What can't be read, since it is in the archive or was deleted meanwhile, or can't be understood, is not there.

        Raises:
            RemoteError: when AWS refuses or can't be reached, or the answer makes no sense.
        """
        wanted = {image.digest: image.media_type for image in images}
        found: dict[str, Contents] = {}
        asked: set[str] = set()
        proved: list[tuple[str, Contents]] = []
        try:
            for _ in range(manifests.MAX_DEPTH):
                asked |= wanted.keys()
                new = self._cache.get(wanted)
                new |= self._read({digest: wanted[digest] for digest in wanted if digest not in new}, proved)
                found |= new
                # An index may list what DescribeImages has not: an image that came since, or in an emulator.
                wanted = {child: "" for each in new.values() for child in each.children if child not in asked}
                if not wanted:
                    break
        finally:
            # All at once, which is what makes it cheap; and in any case, so that whoever was throttled gets further.
            self._cache.put(proved)
        return found

    def _read(self, missing: _Sources, proved: list[tuple[str, Contents]]) -> dict[str, Contents]:
        """What these are made of, without what is no manifest that this program knows: its size is known all the same.

        Args:
            missing: what is to be asked for.
            proved: takes what may be kept: media type and contents, where the bytes have the digest. An emulator may
                give others.
        """
        found: dict[str, Contents] = {}
        for digest, raw in self._fetched(list(missing)):
            with contextlib.suppress(ValueError):
                found[digest] = layers.read(digest, raw, missing[digest])
                if manifests.digest_of(raw) == digest:
                    proved.append((missing[digest], found[digest]))
        return found

    def _fetched(self, digests: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        batches = [digests[at : at + BATCH_SIZE] for at in range(0, len(digests), BATCH_SIZE)]
        if not batches:
            return
        _ = self._repository.client  # made once, and not by all threads at the same time
        with ThreadPoolExecutor(min(self._threads, len(batches))) as pool:
            for batch in pool.map(self._batch, batches):
                yield from batch.items()

    def _batch(self, digests: Sequence[str]) -> dict[str, bytes]:
        with self._repository.errors(_OPERATION):
            answer = self._repository.client.batch_get_image(
                repositoryName=self._repository.name,
                imageIds=[{"imageDigest": digest} for digest in digests],
                acceptedMediaTypes=sorted(manifests.ALL_MEDIA_TYPES),
                **self._repository.registry_id,
            )
        with self._repository.reading(_OPERATION):
            for failure in answer.get("failures", ()):
                code = answers.text(failure["failureCode"], "failureCode")
                if code not in _OUT_OF_REACH:
                    reason = answers.text(failure.get("failureReason", ""), "failureReason")
                    raise errors.remote_error(self._repository.name, _OPERATION, code, reason)
            wanted = frozenset(digests)
            texts = {
                image["imageId"]["imageDigest"]: answers.text(image["imageManifest"], "imageManifest")
                for image in answer.get("images", ())
            }
            return {digest: text.encode() for digest, text in texts.items() if digest in wanted}
