"""Verification of what real registries hold: every byte is read, and every damage is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ecr.errors import RemoteError
from ecr.oci.registry import Location
from ecr.oci.session import Session
from ecr.oci.verifying import VerifyResult, verify
from tests.registries import images
from tests.registries.copying import NORMAL, clear, location
from tests.registries.images import Content
from tests.registries.proxy import Mischief, Script, proxied
from tests.registries.repositories import TAG, Repository
from tests.registries.servers import MiniStack, Server

Fresh = Callable[..., Repository]
IMAGES = {
    "image": images.image("verify"),
    "index": images.index("verify"),
    "signed index": images.signed(images.index("verify/signed")),
}


def verified(repository: Repository, reference: str = TAG) -> VerifyResult:
    with Session(NORMAL) as session:
        return verify(location(repository), reference, session=session)


@pytest.mark.parametrize("registry", ["distribution", "ministack"])
@pytest.mark.parametrize("content", IMAGES.values(), ids=IMAGES)
def test_a_whole_image_has_no_problems(
    content: Content, registry: str, request: pytest.FixtureRequest, fresh: Fresh
) -> None:
    repository = fresh(request.getfixturevalue(registry))
    repository.push(content, TAG)
    for reference in (TAG, content.digest):
        result = verified(repository, reference)
        assert result.problems == ()
        assert result.digest == content.digest
        assert result.blobs == len(content.all_blobs())
        assert result.bytes == content.blob_bytes
        assert result.manifests == len({one.digest for one in content.everything()})


@pytest.mark.parametrize("damage", ["one bit", "cut off", "removed"])
@pytest.mark.parametrize("what", ["a layer", "a configuration", "a platform", "a signature"])
def test_damage_is_named(damage: str, what: str, distribution: Server, fresh: Fresh) -> None:
    repository = fresh(distribution)
    content = repository.push(images.signed(images.index(f"{damage} {what}")), TAG)
    child = content.children[1]
    digest = {
        "a layer": child.blobs[2].digest,
        "a configuration": child.blobs[0].digest,
        "a platform": child.digest,
        "a signature": content.referrers[0].digest,
    }[what]
    hurt(repository, digest, damage)
    problems = verified(repository).problems
    assert problems
    assert any(digest in problem for problem in problems)
    assert not [problem for problem in problems if "\n" in problem]


def hurt(repository: Repository, digest: str, damage: str) -> None:
    file = repository.server.blob_file(digest)
    data = bytearray(file.read_bytes())
    if damage == "removed":
        file.unlink()
    elif damage == "cut off":
        file.write_bytes(data[:-1])
    else:
        data[len(data) // 2] ^= 1
        file.write_bytes(data)


def test_all_damages_are_named_at_once(distribution: Server, fresh: Fresh) -> None:
    repository = fresh(distribution)
    content = repository.push(images.index("all damages"), TAG)
    hurt_ones = [child.blobs[0].digest for child in content.children]
    for digest in hurt_ones:
        hurt(repository, digest, "one bit")
    problems = verified(repository).problems
    assert all(any(digest in problem for problem in problems) for digest in hurt_ones)


@pytest.mark.parametrize("reference", ["nothing", f"sha256:{'b' * 64}"])
def test_an_absent_image_is_an_error(reference: str, ministack: MiniStack, fresh: Fresh) -> None:
    repository = fresh(ministack)
    with pytest.raises(RemoteError) as error:
        verified(repository, reference)
    assert error.value.code == "MANIFEST_UNKNOWN"
    assert clear(error.value)


@pytest.mark.parametrize("mischief", [Mischief.CORRUPTION, Mischief.TRUNCATION, Mischief.RESET], ids=lambda m: m.name)
def test_a_passing_fault_of_the_network_is_no_damage_for_good(
    mischief: Mischief, distribution: Server, fresh: Fresh
) -> None:
    """Whatever befalls one request, a verdict of 'no problems' is only given for bytes that were read and are right."""
    repository = fresh(distribution)
    content = repository.push(images.index("passing fault", ("linux/amd64",)), TAG)
    script = Script()
    with proxied(distribution.port, script) as proxy, Session(NORMAL) as session:
        verify(location(repository, proxy), TAG, session=session)
    for position in range(len(script.seen)):
        disturbed = Script(lambda seen, at=position: mischief if seen.position == at else None)  # type: ignore[misc]
        with proxied(distribution.port, disturbed) as proxy:
            result = verified_or_refused(location(repository, proxy))
        if isinstance(result, RemoteError):
            assert clear(result)
            continue
        assert result.problems or (result.blobs, result.bytes) == (len(content.all_blobs()), content.blob_bytes)
        if mischief is not Mischief.CORRUPTION:
            assert result.problems == ()


def verified_or_refused(place: Location) -> VerifyResult | RemoteError:
    with Session(NORMAL) as session:
        try:
            return verify(place, TAG, session=session)
        except RemoteError as error:
            return error
