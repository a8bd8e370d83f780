"""How long it takes to know what 1,000 images are made of: at once, one batch after another, and from the cache."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from benchmarks.figures import Figure, at_most, in_turns, ratio, timed
from benchmarks.report import _registry
from benchmarks.report_registry import IMAGES, repositories
from ecr.aws.images import EcrImages
from ecr.aws.layers import BATCH_SIZE, THREADS, EcrLayers
from ecr.aws.repository import EcrRepository
from ecr.cost import layers
from ecr.cost.layers import Contents, StoredBytes
from ecr.layer_cache import ManifestCache
from ecr.lifecycle.images import Image

LATENCY_S = 0.1  # of each request: a guess at what ECR takes
AT_ONCE_LIMIT, COLD_LIMIT, WARM_LIMIT, SUM_LIMIT_S = 0.8, 1.2, 0.5, 0.5


class Reading:
    """Reads the manifests of one repository, with a latency that each request has, and counts the requests."""

    def __init__(self, images: tuple[Image, ...], repository: EcrRepository) -> None:
        self._images = images
        self._repository = repository
        self.requests = 0
        repository.client.meta.events.register("before-send.ecr.BatchGetImage", self._wait)

    def contents(self, folder: Path | None, threads: int = THREADS) -> dict[str, Contents]:
        return EcrLayers(self._repository, ManifestCache(folder), threads=threads).contents(self._images)

    def stored(self, found: dict[str, Contents]) -> StoredBytes:
        return layers.distinct(self._images, found)

    def counted(self, action: Callable[[], object]) -> int:
        before = self.requests
        action()
        return self.requests - before

    def _wait(self, **_: object) -> None:
        self.requests += 1  # the interpreter's lock is enough for a count that is read when all is done
        time.sleep(LATENCY_S)


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="cr-bench-") as folder, _reading() as reading:
        warm = Path(folder) / "warm"
        found = reading.contents(warm)
        at_once, in_a_row, cold, cached = in_turns(
            [
                lambda _number: timed(lambda: reading.contents(None)),
                lambda _number: timed(lambda: reading.contents(None, threads=1)),
                lambda number: timed(lambda: reading.contents(Path(folder) / f"cold-{number}")),
                lambda _number: timed(lambda: reading.contents(warm)),
            ]
        )
        what = f"cost: manifests of {IMAGES} images, {LATENCY_S} s a request"
        return [
            ratio(f"{what}: {THREADS} requests at once : one after another", at_once, in_a_row, AT_ONCE_LIMIT),
            ratio(f"{what}: cold cache, which is filled : none", cold, at_once, COLD_LIMIT),
            ratio(f"{what}: warm cache : none", cached, at_once, WARM_LIMIT),
            at_most(f"{what}: requests, cold", reading.counted(lambda: reading.contents(None)), IMAGES / BATCH_SIZE),
            at_most(f"{what}: requests, warm", reading.counted(lambda: reading.contents(warm)), 0),
            at_most(
                f"cost: distinct bytes of {IMAGES} images",
                timed(lambda: reading.stored(found)),
                SUM_LIMIT_S,
                " s",
                digits=3,
            ),
        ]


@contextmanager
def _reading() -> Iterator[Reading]:
    with _registry() as port:
        surroundings = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        with mock.patch.dict("os.environ", surroundings):
            repository = EcrRepository(repositories()[0], region="eu-west-1")
            yield Reading(EcrImages(repository).existing().images, repository)
