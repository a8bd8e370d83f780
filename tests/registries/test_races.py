"""Two promotions of the same tag at the very same time, and tags that are taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ecr.errors import Conflict, EcrError
from ecr.oci.copying import CopyResult
from ecr.oci.session import Limits
from ecr.repository import Mutability, TagMutability
from tests.registries import images
from tests.registries.copying import attempted, clear, copied, location
from tests.registries.faults import refusal
from tests.registries.images import Content
from tests.registries.proxy import Reply, Script, Seen, proxied
from tests.registries.repositories import TAG, Repository
from tests.registries.servers import MiniStack, Server

Fresh = Callable[..., Repository]
IMMUTABLE = TagMutability(Mutability.IMMUTABLE)
DEADLINE_S = 20
PATIENT = Limits(connect_s=5, read_s=DEADLINE_S, total_s=60, attempts=3)


def together(
    source: Repository, contents: tuple[Content, Content], target: Repository, *, meet: str
) -> list[CopyResult | EcrError]:
    """Two copies to one tag; both reach the point `meet` (before or after the tag is put) before either goes on."""
    barrier = threading.Barrier(2)

    def wait(seen: Seen) -> None:
        if seen.puts_tag(TAG):
            barrier.wait(DEADLINE_S)

    script = Script(decide=wait) if meet == "before" else Script(afterwards=wait)
    with proxied(target.server.port, script) as proxy, ThreadPoolExecutor(2) as pool:
        there = location(target, proxy)
        futures = [pool.submit(attempted, location(source), one.digest, there, limits=PATIENT) for one in contents]
        return [future.result(DEADLINE_S) for future in futures]


@pytest.mark.parametrize("meet", ["before", "after"])
@pytest.mark.parametrize("mutability", ["MUTABLE", "IMMUTABLE"])
def test_two_promotions_of_one_image_both_succeed(
    meet: str, mutability: str, distribution: Server, ministack: MiniStack, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(ministack, mutability)
    content = source.push(images.signed(images.index(f"twice {meet}")))
    ends = together(source, (content, content), target, meet=meet)
    assert [end.digest for end in ends if isinstance(end, CopyResult)] == [content.digest] * 2
    assert target.differences(content) == []


def test_of_two_images_for_one_immutable_tag_exactly_one_wins(
    distribution: Server, ministack: MiniStack, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(ministack, "IMMUTABLE")
    one, two = source.push(images.index("one")), source.push(images.index("two"))
    ends = together(source, (one, two), target, meet="before")
    (winner,) = [end for end in ends if isinstance(end, CopyResult)]
    (loser,) = [end for end in ends if isinstance(end, EcrError)]
    assert isinstance(loser, Conflict)
    assert one.digest in str(loser)
    assert two.digest in str(loser)
    assert clear(loser)
    held = {one.digest: one, two.digest: two}[winner.digest]
    assert target.differences(held) == []


@pytest.mark.parametrize("registry", ["distribution", "ministack"])
def test_of_two_images_for_one_movable_tag_the_loser_is_told(
    registry: str, request: pytest.FixtureRequest, distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(request.getfixturevalue(registry))
    one, two = source.push(images.image("one")), source.push(images.image("two"))
    ends = together(source, (one, two), target, meet="after")
    (winner,) = [end for end in ends if isinstance(end, CopyResult)]
    (loser,) = [end for end in ends if isinstance(end, EcrError)]
    assert isinstance(loser, Conflict)
    assert one.digest in str(loser)
    assert two.digest in str(loser)
    assert target.differences({one.digest: one, two.digest: two}[winner.digest]) == []


def test_two_promotions_with_shared_layers_do_not_disturb_each_other(
    distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    contents = [source.push(images.signed(images.index("shared", platforms))) for platforms in SHARES]
    with ThreadPoolExecutor(len(contents)) as pool:
        futures = [
            pool.submit(copied, location(source), one.digest, location(target), tag=f"v{n}")
            for n, one in enumerate(contents)
        ]
        digests = [future.result(60).digest for future in futures]
    assert digests == [one.digest for one in contents]
    for n, one in enumerate(contents):
        assert target.differences(one, f"v{n}") == []


SHARES = (("linux/amd64",), ("linux/amd64", "linux/arm64"), ("linux/arm64",), ("linux/arm64", "linux/amd64"))


@pytest.mark.parametrize("known", [pytest.param(IMMUTABLE, id="known"), pytest.param(None, id="unknown")])
def test_an_immutable_tag_with_another_digest_is_a_conflict_that_names_both(
    known: TagMutability | None, distribution: Server, ministack: MiniStack, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(ministack, "IMMUTABLE")
    old = target.push(images.image("old"), TAG)
    new = source.push(images.image("new"))
    script = Script()
    with proxied(ministack.port, script) as proxy, pytest.raises(Conflict) as error:
        copied(location(source), new.digest, location(target, proxy), mutability=known)
    assert old.digest in str(error.value)
    assert new.digest in str(error.value)
    assert clear(error.value)
    assert target.differences(old) == []
    if known:
        assert [seen for seen in script.seen if seen.method in ("POST", "PUT", "PATCH")] == []


@pytest.mark.parametrize("known", [pytest.param(IMMUTABLE, id="known"), pytest.param(None, id="unknown")])
def test_an_immutable_tag_with_the_same_digest_is_success(
    known: TagMutability | None, distribution: Server, ministack: MiniStack, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(ministack, "IMMUTABLE")
    content = source.push(images.index("same"))
    target.push(content, TAG)
    result = copied(location(source), content.digest, location(target), mutability=known)
    assert (result.digest, result.bytes_moved) == (content.digest, 0)


def test_a_movable_tag_moves(distribution: Server, ministack: MiniStack, fresh: Fresh) -> None:
    source, target = fresh(distribution), fresh(ministack)
    target.push(images.image("old"), TAG)
    new = source.push(images.image("new"))
    movable = TagMutability(Mutability.MUTABLE)
    assert copied(location(source), new.digest, location(target), mutability=movable).digest == new.digest
    assert target.differences(new) == []


def test_an_excluded_tag_of_an_immutable_repository_moves(
    distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    target.push(images.image("old"), TAG)
    new = source.push(images.image("new"))
    excluded = TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("v1*",))
    copied(location(source), new.digest, location(target), mutability=excluded)
    assert target.differences(new) == []


def test_a_registry_that_refuses_even_the_same_digest_under_a_taken_tag_is_understood(
    distribution: Server, ministack: MiniStack, fresh: Fresh
) -> None:
    """As ECR does (API reference, PutImage): the answer to the first request is lost, and the second is refused."""
    source, target = fresh(distribution), fresh(ministack, "IMMUTABLE")
    content = source.push(images.index("strict"))
    lost = threading.Event()

    def strict(seen: Seen) -> Reply | None:
        if not seen.puts_tag(TAG):
            return None
        if lost.is_set():
            return refusal(400, "TAG_INVALID")
        target.push(content, TAG)
        lost.set()
        return refusal(500, "UNKNOWN")

    with proxied(ministack.port, Script(strict)) as proxy:
        result = copied(location(source), content.digest, location(target, proxy))
    assert result.digest == content.digest
    assert target.differences(content) == []
