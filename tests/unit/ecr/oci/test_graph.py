from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import pytest

from ecr.errors import RemoteError
from ecr.oci import graph as graphs
from ecr.oci.graph import Graph, gather, gather_image, gather_referrers
from ecr.oci.manifest import MAX_DEPTH, OCI_INDEX, Descriptor
from ecr.oci.repository import Repository
from ecr.oci.transport import Deadline
from tests.unit.ecr.oci.fake_registry import FakeRegistry, at, session_with

pytestmark = pytest.mark.usefixtures("_at_once")

T = TypeVar("T")
NAME = "dev/app"


def one_by_one(calls: Sequence[Callable[[], T]]) -> list[T]:
    return [call() for call in calls]


def put_index(registry: FakeRegistry, *children: Mapping[str, object]) -> dict[str, object]:
    return registry.put(NAME, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children}, OCI_INDEX)


@contextmanager
def reading(registry: FakeRegistry) -> Iterator[Repository]:
    with session_with(a=registry) as session:
        yield Repository(session, at("a", NAME), Deadline(60))


def gathered(registry: FakeRegistry, root: Mapping[str, object]) -> Graph:
    with reading(registry) as source:
        return gather(source, source.manifest(str(root["digest"])), one_by_one)


def refusal(registry: FakeRegistry, root: Mapping[str, object]) -> str:
    with pytest.raises(RemoteError) as raised:
        gathered(registry, root)
    assert raised.value.code == "TOO_MANY"
    assert str(raised.value).startswith(f"image a/{NAME}@{root['digest']} ")
    assert str(raised.value).endswith("; it is not copied")
    return str(raised.value)


def digests(*entries: Mapping[str, object]) -> list[str]:
    return [str(entry["digest"]) for entry in entries]


def nested(registry: FakeRegistry, depth: int) -> dict[str, object]:
    inner = registry.put_image(NAME, "innermost")
    for _ in range(depth):
        inner = put_index(registry, inner)
    return inner


def test_the_deepest_level_comes_first_and_everything_once() -> None:
    registry = FakeRegistry()
    one, two = (registry.put_image(NAME, name) for name in ("one", "two"))
    inner = put_index(registry, one, two)
    root = put_index(registry, inner, one)
    found = gathered(registry, root)
    assert [[manifest.digest for manifest in level] for level in found.levels] == [digests(two), digests(inner, one)]
    assert len(found.blobs) == 4
    assert found.referrers == ()


def test_referrers_of_all_levels_and_of_referrers_are_found() -> None:
    registry = FakeRegistry()
    child = registry.put_image(NAME, "child")
    root = put_index(registry, child)
    signature = registry.put_image(NAME, "signature", subject=child)
    sbom = registry.put_image(NAME, "sbom", subject=root)
    of_sbom = registry.put_image(NAME, "signature of the sbom", subject=sbom)
    found = gathered(registry, root)
    first, second = ([manifest.digest for manifest in generation] for generation in found.generations)
    assert (sorted(first), second) == (sorted(digests(signature, sbom)), digests(of_sbom))
    assert len(found.blobs) == 8


def test_only_the_referrers_that_are_given_are_read_and_what_refers_to_them() -> None:
    registry = FakeRegistry()
    image = registry.put_image(NAME, "image")
    registry.put_image(NAME, "signature", subject=image)
    sbom = registry.put_image(NAME, "sbom", subject=image)
    of_sbom = registry.put_image(NAME, "signature of the sbom", subject=sbom)
    wanted = Descriptor(str(sbom["mediaType"]), str(sbom["digest"]), int(str(sbom["size"])))
    with reading(registry) as source:
        found = gather_referrers(source, source.manifest(str(image["digest"])), (wanted,), one_by_one)
    assert [manifest.digest for manifest in found.referrers] == digests(sbom, of_sbom)
    assert len(found.blobs) == 4


def test_an_image_alone_is_read_without_asking_for_referrers() -> None:
    registry = FakeRegistry()
    image = registry.put_image(NAME, "image")
    registry.put_image(NAME, "signature", subject=image)
    with reading(registry) as source:
        found = gather_image(source, source.manifest(str(image["digest"])), one_by_one)
    assert (found.referrers, len(found.blobs), len(registry.asked)) == ((), 2, 1)


def test_what_a_list_names_that_does_not_refer_to_the_image_is_left_out() -> None:
    registry = FakeRegistry(referrers_api=False)
    image, other = registry.put_image(NAME, "image"), registry.put_image(NAME, "other")
    signature = registry.put_image(NAME, "signature", subject=image)
    foreign = registry.put_image(NAME, "another's", subject=other)
    document = {"schemaVersion": 2, "manifests": [other, foreign, signature, image]}
    registry.put(NAME, document, OCI_INDEX, str(image["digest"]).replace(":", "-"))
    assert [manifest.digest for manifest in gathered(registry, image).referrers] == digests(signature)


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_indexes_are_nested_so_deep_and_no_deeper(depth: int) -> None:
    registry = FakeRegistry()
    root = nested(registry, depth)
    if depth == MAX_DEPTH:
        assert len(gathered(registry, root).levels) == depth
    else:
        assert "has indexes nested more than 4 deep" in refusal(registry, root)


def test_an_index_of_too_many_manifests_is_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "MAX_MANIFESTS", 3)
    registry = FakeRegistry()
    images = [registry.put_image(NAME, str(n)) for n in range(3)]
    assert len(gathered(registry, put_index(registry, *images[:2])).blobs) == 4
    registry.asked.clear()
    assert "is made of more than 3 manifests" in refusal(registry, put_index(registry, *images))
    assert len(registry.asked) == 1


def test_referrers_count_among_the_manifests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "MAX_MANIFESTS", 2)
    registry = FakeRegistry()
    image = registry.put_image(NAME, "image")
    for name in ("signature", "sbom"):
        registry.put_image(NAME, name, subject=image)
    assert "is made of more than 2 manifests" in refusal(registry, image)


def test_manifests_of_too_many_bytes_in_all_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = FakeRegistry()
    root = put_index(registry, registry.put_image(NAME, "one"), registry.put_image(NAME, "two"))
    whole = sum(len(raw) for _, raw in registry.manifests.values())
    monkeypatch.setattr(graphs, "MAX_MANIFEST_BYTES_IN_ALL", whole)
    assert len(gathered(registry, root).levels[0]) == 2
    monkeypatch.setattr(graphs, "MAX_MANIFEST_BYTES_IN_ALL", whole - 1)
    assert f"has manifests of more than {whole - 1} bytes in all" in refusal(registry, root)


def test_too_many_blobs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = FakeRegistry()
    root = put_index(registry, registry.put_image(NAME, "one"), registry.put_image(NAME, "two"))
    monkeypatch.setattr(graphs, "MAX_DESCRIPTORS", 4)
    assert len(gathered(registry, root).blobs) == 4
    monkeypatch.setattr(graphs, "MAX_DESCRIPTORS", 3)
    assert "is made of more than 3 blobs" in refusal(registry, root)


def test_a_child_of_another_size_than_its_index_says_is_refused() -> None:
    registry = FakeRegistry()
    child = registry.put_image(NAME, "one")
    size = int(str(child["size"]))
    root = put_index(registry, {**child, "size": size + 1})
    assert f"gives manifest {child['digest']} {size + 1} bytes, and it has {size}" in refusal(registry, root)


def test_a_child_that_is_missing_is_named() -> None:
    registry = FakeRegistry()
    child = registry.put_image(NAME, "one")
    root = put_index(registry, child)
    del registry.manifests[NAME, str(child["digest"])]
    with pytest.raises(RemoteError, match=str(child["digest"])) as raised:
        gathered(registry, root)
    assert raised.value.code == "MANIFEST_UNKNOWN"


def test_an_image_that_its_own_list_of_referrers_names_ends() -> None:
    registry = FakeRegistry(referrers_api=False)
    image = registry.put_image(NAME, "image")
    raw = registry.manifests[NAME, str(image["digest"])][1]
    assert "subject" not in json.loads(raw)
    registry.put(NAME, {"schemaVersion": 2, "manifests": [image]}, OCI_INDEX, str(image["digest"]).replace(":", "-"))
    assert gathered(registry, image).generations == ()
