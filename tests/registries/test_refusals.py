"""What a copy refuses, with real registries: in one line, and with nothing tagged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ecr.errors import EcrError, ExitCode, RemoteError
from tests.registries import images
from tests.registries.copying import clear, copied, location, with_password
from tests.registries.images import Flavour
from tests.registries.repositories import TAG, Repository
from tests.registries.servers import MiniStack, Server

Fresh = Callable[..., Repository]
ABSENT = f"sha256:{'a' * 64}"


@pytest.mark.parametrize("flavour", Flavour, ids=lambda flavour: flavour.name)
def test_a_foreign_layer_is_named_and_refused(
    flavour: Flavour, distribution: Server, ministack: MiniStack, fresh: Fresh
) -> None:
    source, target = fresh(ministack), fresh(distribution)
    content, foreign = images.with_foreign_layer("foreign", flavour)
    source.push(content)
    with pytest.raises(EcrError) as error:
        copied(location(source), content.digest, location(target))
    assert foreign.digest in str(error.value)
    assert clear(error.value)
    assert target.digest() is None


def test_a_foreign_layer_in_one_platform_refuses_the_whole_index(
    distribution: Server, ministack: MiniStack, fresh: Fresh
) -> None:
    source, target = fresh(ministack), fresh(distribution)
    child, foreign = images.with_foreign_layer("foreign child", Flavour.OCI)
    content = source.push(images.of_children([images.image("fine"), child]))
    with pytest.raises(EcrError, match=foreign.digest):
        copied(location(source), content.digest, location(target))
    assert target.digest() is None


@pytest.mark.parametrize("registry", ["distribution", "ministack"])
@pytest.mark.parametrize("reference", [ABSENT, "no-such-tag"])
def test_an_absent_source_is_named(
    registry: str, reference: str, request: pytest.FixtureRequest, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(request.getfixturevalue(registry)), fresh(other_distribution)
    source.push(images.image("something else"), TAG)
    with pytest.raises(RemoteError) as error:
        copied(location(source), reference, location(target))
    assert error.value.code == "MANIFEST_UNKNOWN"
    assert source.name in str(error.value)
    assert reference in str(error.value)
    assert clear(error.value)
    assert target.digest() is None


@pytest.mark.parametrize("registry", ["distribution", "ministack"])
def test_an_absent_source_repository_is_named(
    registry: str, request: pytest.FixtureRequest, other_distribution: Server, fresh: Fresh
) -> None:
    nowhere = replace(fresh(request.getfixturevalue(registry)), name="tests/nowhere")
    target = fresh(other_distribution)
    with pytest.raises(RemoteError) as error:
        copied(location(nowhere), ABSENT, location(target))
    assert "tests/nowhere" in str(error.value)
    assert clear(error.value)


def test_an_absent_target_repository_is_named(distribution: Server, ministack: MiniStack, fresh: Fresh) -> None:
    source = fresh(distribution)
    content = source.push(images.image("to nowhere"))
    nowhere = replace(fresh(ministack), name="tests/nowhere")
    with pytest.raises(RemoteError) as error:
        copied(location(source), content.digest, location(nowhere))
    assert "tests/nowhere" in str(error.value)
    assert clear(error.value)


def test_a_source_without_one_of_its_blobs_is_refused(distribution: Server, ministack: MiniStack, fresh: Fresh) -> None:
    source, target = fresh(ministack), fresh(distribution)
    content = images.image("lost layer")
    source.plain.put_manifest(source.name, content.digest, content.raw, content.media_type)
    for blob in content.blobs[:-1]:
        source.plain.push_blob(source.name, blob.data)
    with pytest.raises(EcrError) as error:
        copied(location(source), content.digest, location(target))
    assert content.blobs[-1].digest in str(error.value)
    assert clear(error.value)
    assert target.digest() is None


@pytest.mark.parametrize("damaged", ["blob", "manifest"])
def test_a_source_whose_storage_is_damaged_is_refused(
    damaged: str, distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.index(f"damaged {damaged}"))
    child = content.children[1]
    digest = child.blobs[1].digest if damaged == "blob" else child.digest
    file = source.server.blob_file(digest)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(EcrError) as error:
        copied(location(source), content.digest, location(target))
    assert digest in str(error.value)
    assert clear(error.value)
    assert target.digest() is None


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("sign_in", ["nobody", "wrong password"])
def test_wrong_credentials_are_one_line_without_the_password(
    side: str, sign_in: str, distribution: Server, guarded_distribution: Server, fresh: Fresh
) -> None:
    open_one, guarded = fresh(distribution), fresh(guarded_distribution)
    source, target = (guarded, open_one) if side == "source" else (open_one, guarded)
    content = source.push(images.image("credentials"))
    wrong = with_password()
    assert wrong is not None
    who = {"nobody": lambda: None, "wrong password": lambda: replace(wrong, password="not the word")}[sign_in]
    with pytest.raises(RemoteError) as error:
        copied(
            location(source, sign_in=who if side == "source" else with_password),
            content.digest,
            location(target, sign_in=who if side == "target" else with_password),
        )
    assert error.value.exit_code is ExitCode.REMOTE
    assert guarded.server.host in str(error.value)
    assert "not the word" not in f"{error.value!r} {error.value}"
    assert clear(error.value)
    assert target.digest() is None


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_registry_that_is_not_there_is_named(side: str, distribution: Server, fresh: Fresh) -> None:
    here = fresh(distribution)
    content = here.push(images.image("nobody home"))
    gone = replace(here, server=Server(1))
    source, target = (gone, here) if side == "source" else (here, gone)
    with pytest.raises(RemoteError) as error:
        copied(location(source), content.digest, location(target))
    assert "127.0.0.1:1" in str(error.value)
    assert clear(error.value)


def test_plain_http_to_another_machine_is_refused(distribution: Server, fresh: Fresh) -> None:
    source = fresh(distribution)
    content = source.push(images.image("plain"))
    there = location(source)
    there = replace(there, registry=replace(there.registry, base_url="http://192.0.2.1", host="192.0.2.1"))
    with pytest.raises(EcrError, match="https"):
        copied(location(source), content.digest, there)


@pytest.mark.parametrize("reference", ["sha256:abc", "", "../secret", "a b", "tag\r\nX: y", f"sha512:{'a' * 128}"])
def test_a_malformed_reference_is_bad_input(reference: str, distribution: Server, fresh: Fresh) -> None:
    source, target = fresh(distribution), fresh(distribution)
    for arguments in ((reference, TAG), (ABSENT, reference)):
        with pytest.raises(EcrError) as error:
            copied(location(source), arguments[0], location(target), tag=arguments[1])
        assert "\n" not in str(error.value)
