"""Every request of a copy, met by every fault: the right image, or a clear error and no wrong or half-made tag."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from ecr.errors import EcrError
from tests.registries import images
from tests.registries.copying import QUICK, attempted, clear, copied, location
from tests.registries.faults import FAULTS, HARMLESS, REPAIRED, SUBTLE
from tests.registries.images import Content
from tests.registries.proxy import Action, Decide, Script, Seen, proxied
from tests.registries.repositories import Repository
from tests.registries.servers import Server

Fresh = Callable[..., Repository]
AT_ONCE = 8  # most of the time a case waits: for a time-out, or before it tries again
SOURCE, TARGET = "source", "target"


def once(position: int, action: Action) -> Decide:
    return lambda seen: action if seen.position == position else None


def from_then_on(position: int, side: str, action: Action) -> Decide:
    return lambda seen: action if seen.position >= position and seen.side == side else None


def outcome(source: Repository, content: Content, target: Repository, decide: Decide) -> tuple[EcrError | None, Script]:
    """One copy with both registries behind a proxy."""
    script = Script(decide)
    with (
        proxied(source.server.port, script, SOURCE) as here,
        proxied(target.server.port, script, TARGET) as there,
    ):
        result = attempted(location(source, here), content.digest, location(target, there), limits=QUICK)
    return (result if isinstance(result, EcrError) else None), script


def problems_after(error: EcrError | None, source: Repository, content: Content, target: Repository) -> Iterator[str]:
    """What is wrong with this end, and with the target once it is copied again undisturbed."""
    tagged = target.digest()
    if error is None or tagged is not None:
        yield from target.differences(content)
    if error is not None and not clear(error):
        yield f"not a clear error: {str(error)!r}"
    if error is not None:
        copied(location(source), content.digest, location(target))
        yield from target.differences(content)


@dataclass(frozen=True)
class End:
    """How one disturbed copy ended."""

    name: str
    error: EcrError | None
    problems: list[str]


@dataclass(frozen=True)
class Copies:
    """Disturbed copies of one image between two registries, and the requests of one that nothing disturbs."""

    source: Repository
    content: Content
    target: Callable[[], Repository]
    requests: tuple[Seen, ...]

    def ended(self, decisions: Mapping[str, Decide]) -> list[End]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.end, decisions, decisions.values()))

    def end(self, name: str, decide: Decide) -> End:
        target = self.target()
        error, _ = outcome(self.source, self.content, target, decide)
        # Whoever is told that there is no list of referrers has no reason to look for one.
        unsigned = name.startswith("404") and error is None
        expected = replace(self.content, referrers=()) if unsigned else self.content
        problems = problems_after(error, self.source, expected, target)
        return End(name, error, [f"{name}: {problem} (after {error})" for problem in problems])


def copies(content: Content, distribution: Server, other_distribution: Server, fresh: Fresh) -> Copies:
    source, target = fresh(distribution), fresh(other_distribution)
    source.push(content)
    error, script = outcome(source, content, target, lambda _seen: None)
    assert error is None
    assert target.differences(content) == []
    return Copies(source, content, lambda: fresh(other_distribution), tuple(script.seen))


@pytest.fixture
def of_an_image(distribution: Server, other_distribution: Server, fresh: Fresh) -> Copies:
    """Every step of the protocol, each as seldom as can be: a configuration and no layer."""
    return copies(images.image("faults", ()), distribution, other_distribution, fresh)


@pytest.fixture
def of_an_index(distribution: Server, other_distribution: Server, fresh: Fresh) -> Copies:
    """With a child, and a signature under the fallback tag."""
    index = images.of_children([images.image("faults of a child", (1000,))])
    signature = images.referrer(index, images.SIGNATURE, b"signature")
    return copies(replace(index, referrers=(signature,)), distribution, other_distribution, fresh)


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_at_any_request(fault: str, of_an_image: Copies) -> None:
    ends = of_an_image.ended(
        {
            f"{fault} at {seen.position}, {seen.side} {seen.method} {seen.path}": once(seen.position, FAULTS[fault])
            for seen in of_an_image.requests
        }
    )
    assert [problem for end in ends for problem in end.problems] == []
    if fault in REPAIRED:
        assert [f"{end.name}: {end.error}" for end in ends if end.error] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays(fault: str, of_an_image: Copies) -> None:
    ends = of_an_image.ended(
        {
            f"{fault} from {seen.position} on, {seen.side} {seen.method} {seen.path}": from_then_on(
                seen.position, seen.side, FAULTS[fault]
            )
            for seen in of_an_image.requests
        }
    )
    assert [problem for end in ends for problem in end.problems] == []
    if fault in HARMLESS:
        assert [f"{end.name}: {end.error}" for end in ends if end.error] == []


@pytest.mark.parametrize("fault", SUBTLE)
def test_one_fault_at_any_request_of_a_signed_index(fault: str, of_an_index: Copies) -> None:
    ends = of_an_index.ended(
        {
            f"{fault} at {seen.position}, {seen.side} {seen.method} {seen.path}": once(seen.position, FAULTS[fault])
            for seen in of_an_index.requests
            if "/blobs/" not in seen.path  # those are the same as an image's
        }
    )
    assert [problem for end in ends for problem in end.problems] == []
    if fault in REPAIRED:
        assert [f"{end.name}: {end.error}" for end in ends if end.error] == []
