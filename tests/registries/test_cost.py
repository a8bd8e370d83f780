"""What is reckoned to be stored, beside the blobs that the emulator's registry really hands out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ecr import costing, price_table
from ecr.aws import EcrRepository
from ecr.aws.images import EcrImages
from ecr.cost.estimate import RepositoryCost
from ecr.layer_cache import ManifestCache
from ecr.oci.manifest import digest_of
from tests import surroundings
from tests.registries import images
from tests.registries.images import SBOM, SIGNATURE, Content
from tests.registries.repositories import Repository
from tests.registries.servers import REGION, MiniStack

Fresh = Callable[..., Repository]


@pytest.fixture
def _emulator(ministack: MiniStack, monkeypatch: pytest.MonkeyPatch) -> None:
    surroundings.made_up(monkeypatch)
    for name, value in {
        "AWS_ENDPOINT_URL": ministack.base_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)


def pushed(repository: Repository) -> list[Content]:
    """Two images on one base, one of them with two tags, an index of three platforms, and what refers to an image."""
    base = images.image("base", (40_000, 20_000))
    first = images.of_blobs(images.image("first", ()).blobs[0], (*base.blobs[1:], images.image("a", (3_000,)).blobs[1]))
    second = images.of_blobs(
        images.image("second", ()).blobs[0], (*base.blobs[1:], images.image("b", (5_000,)).blobs[1])
    )
    several = images.index("several")
    signature = images.referrer(first, SIGNATURE, b"signed")
    sbom = images.referrer(first, SBOM, b"what is inside" * 100)
    for content, tag in ((first, "v1"), (second, "v2"), (second, "latest"), (several, "multi")):
        repository.push(content, tag)
    for content in (signature, sbom):
        repository.push(content)
    return [first, second, several, signature, sbom]


def really_stored(repository: Repository, contents: list[Content]) -> int:
    """The bytes of all manifests and blobs, each read from the registry, each digest once."""
    manifests = {each.digest: each for content in contents for each in content.everything()}
    sizes: dict[str, int] = {}
    for digest in manifests:
        found = repository.plain.manifest(repository.name, digest)
        assert found is not None
        sizes[digest] = len(found[0])
    for digest in {blob for each in manifests.values() for blob in each.all_blobs()}:
        data = repository.plain.blob(repository.name, digest)
        assert data is not None
        assert digest_of(data) == digest
        sizes[digest] = len(data)
    return sum(sizes.values())


@pytest.mark.usefixtures("_emulator")
def test_what_is_reckoned_is_what_the_registry_holds_and_is_read_once(
    ministack: MiniStack, fresh: Fresh, tmp_path: Path
) -> None:
    repository = fresh(ministack)
    contents = pushed(repository)
    here = EcrRepository(repository.name, region=REGION)
    listed = EcrImages(here).existing().images
    asked: list[object] = []
    here.client.meta.events.register("before-call.ecr.BatchGetImage", lambda **_: asked.append(1))

    def examine() -> RepositoryCost:
        return costing.examine(
            here,
            listed,
            policy=None,
            prices=price_table.prices(REGION),
            now=datetime.now(UTC),
            cache=ManifestCache(tmp_path),
        )

    cost = examine()
    expected = really_stored(repository, contents)
    assert cost.distinct_bytes == expected
    assert cost.notes == ()
    cold = len(asked)
    assert cold <= 2  # one for the list, one for what only the index names
    assert examine().distinct_bytes == expected
    assert len(asked) == cold  # all of it was in the cache


@pytest.mark.usefixtures("_emulator")
def test_an_empty_repository_holds_nothing(ministack: MiniStack, fresh: Fresh, tmp_path: Path) -> None:
    repository = EcrRepository(fresh(ministack).name, region=REGION)
    cost = costing.examine(
        repository,
        EcrImages(repository).existing().images,
        policy=None,
        prices=price_table.prices(REGION),
        now=datetime.now(UTC),
        cache=ManifestCache(tmp_path),
    )
    assert (cost.images, cost.distinct_bytes) == (0, 0)
