"""Signatures that cosign keeps under tags beside the image, with no link to it (sigstore/cosign, SIGNATURE_SPEC.md)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.registries import images
from tests.registries.copying import copied, location
from tests.registries.images import Content
from tests.registries.proxy import Script, proxied
from tests.registries.repositories import TAG, Repository
from tests.registries.servers import MiniStack, Server

Fresh = Callable[..., Repository]
SUFFIXES = (".sig", ".att", ".sbom")


def beside(content: Content, suffix: str = ".sig") -> str:
    return images.fallback_tag(content.digest) + suffix


def signature(of: Content, *, by: str = "us") -> Content:
    """As cosign makes it: an image's manifest with one layer, and no subject."""
    return images.image(f"signature of {of.digest} by {by}", (300,))


@pytest.mark.parametrize("registry", ["other_distribution", "ministack"])
def test_what_cosign_put_beside_an_image_goes_with_it(
    registry: str, request: pytest.FixtureRequest, distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(request.getfixturevalue(registry))
    content = source.push(images.index("cosigned", ("linux/amd64",)))
    kept = {suffix: source.push(images.image(suffix, (200,)), beside(content, suffix)) for suffix in SUFFIXES}
    script = Script()
    with proxied(target.server.port, script) as proxy:
        result = copied(location(source), content.digest, location(target, proxy))
    assert (result.digest, result.referrers) == (content.digest, len(SUFFIXES))
    assert target.differences(content) == []
    for suffix, one in kept.items():
        assert target.differences(one, beside(content, suffix)) == []
    assert [seen for seen in script.seen if seen.method == "PUT"][-1].puts_tag(TAG)


def test_a_second_copy_moves_none_of_it_again(distribution: Server, ministack: MiniStack, fresh: Fresh) -> None:
    """Under another tag as well, where every tag is immutable."""
    source, target = fresh(distribution), fresh(ministack, "IMMUTABLE")
    content = source.push(images.image("cosigned twice"))
    kept = source.push(signature(content), beside(content))
    copied(location(source), content.digest, location(target))
    for tag in (TAG, "v1.0.1"):
        result = copied(location(source), content.digest, location(target), tag=tag)
        assert (result.digest, result.bytes_moved) == (content.digest, 0)
    assert target.differences(kept, beside(content)) == []


@pytest.mark.parametrize("mutability", ["MUTABLE", "IMMUTABLE"])
def test_what_the_target_has_beside_the_image_stays(
    mutability: str, distribution: Server, ministack: MiniStack, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(ministack, mutability)
    content = source.push(images.image("cosigned by two"))
    source.push(signature(content), beside(content))
    theirs = target.push(signature(content, by="them"), beside(content))
    copied(location(source), content.digest, location(target))
    assert target.differences(content) == []
    assert target.differences(theirs, beside(content)) == []


def test_the_signature_of_another_image_stays_where_it_is(
    distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content, other = source.push(images.image("unsigned")), source.push(images.image("its neighbour"))
    source.push(signature(other), beside(other))
    assert copied(location(source), content.digest, location(target)).referrers == 0
    assert target.digest(beside(other)) is None
