"""How a plan is carried out: looked at again, interrupted, refused in part, and told in a line."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr import clean, cleaning
from ecr.cleaning import Cleaner, Deleted, Outcome
from ecr.errors import InputError, RemoteError
from ecr.image_list import Wanted
from ecr.lifecycle.images import Image
from tests.unit.ecr.lifecycle.making import ARCHIVED, NOW, digest, image
from tests.unit.ecr.test_clean import Case, cases

UNTAGGED = Wanted(untagged=True)


@dataclass
class Registry:
    """Holds images, and deletes them as ECR does."""

    images: dict[str, Image]
    refuses: set[str] = field(default_factory=set)
    before: Callable[[int], None] = lambda _request: None
    afterwards: Callable[[int], None] = lambda _request: None
    requests: list[list[str]] = field(default_factory=list)

    def tags(self, digests: Sequence[str]) -> Mapping[str, frozenset[str]]:
        return {each: frozenset(self.images[each].tags) for each in digests if each in self.images}

    def delete(self, digests: Sequence[str]) -> Deleted:
        self.requests.append(list(digests))
        self.before(len(self.requests))
        left = {each: "refused" for each in digests if each in self.refuses}
        for each in digests:
            if any(each in other.children for other in self.images.values() if other.digest not in digests):
                left.setdefault(each, "an index that is there lists it")
        for each in set(digests) - set(left):
            self.images.pop(each, None)
        self.afterwards(len(self.requests))
        return Deleted(gone=frozenset(set(digests) - set(left)), left=left)


def holding(images: Sequence[Image]) -> Registry:
    return Registry({each.digest: each for each in images})


def carry_out(
    registry: Registry,
    plan: clean.Plan,
    protected: Callable[[], Mapping[str, str]] = dict,
    said: list[str] | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> Outcome:
    lines: list[str] = [] if said is None else said
    return Cleaner(deletion=registry, protected=protected, say=lines.append, clock=clock).carry_out(plan)


@pytest.fixture
def _pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean, "BATCH_SIZE", 2)


IMAGES = [image(name, "", ago) for name, ago in zip("abcde", range(9, 4, -1), strict=True)]


def five() -> tuple[Registry, clean.Plan]:
    return holding(IMAGES), clean.plan(IMAGES, UNTAGGED, {}, NOW)


@pytest.mark.usefixtures("_pairs")
def test_all_of_a_plan_is_deleted_batch_by_batch_by_digest() -> None:
    registry, plan = five()
    said: list[str] = []
    outcome = carry_out(registry, plan, said=said)
    assert registry.requests == [[digest("a"), digest("b")], [digest("c"), digest("d")], [digest("e")]]
    assert (outcome.deleted, outcome.left, registry.images) == (IMAGES, {}, {})
    assert outcome.line(plan) == "deleted 5 of 5 images"
    assert said == ["deleted 2 of 5", "deleted 4 of 5"]


@pytest.mark.usefixtures("_pairs")
def test_what_has_got_a_tag_meanwhile_stays() -> None:
    registry, plan = five()
    registry.images[digest("c")] = image("c", "v2 latest")
    outcome = carry_out(registry, plan)
    assert list(registry.images) == [digest("c")]
    assert outcome.spared == {digest("c"): "its tags have changed meanwhile; they are: latest, v2"}
    assert outcome.line(plan) == "deleted 4 of 5 images; 1 is not deleted"


@pytest.mark.usefixtures("_pairs")
def test_what_a_stack_has_deployed_meanwhile_stays() -> None:
    registry, plan = five()
    outcome = carry_out(registry, plan, lambda: {digest("a"): "deployed by stack prod"})
    assert list(registry.images) == [digest("a")]
    assert outcome.spared == {digest("a"): "it is deployed by stack prod"}


@pytest.mark.usefixtures("_pairs")
def test_what_is_needed_is_asked_again_when_the_answer_is_old() -> None:
    registry, plan = five()
    times = iter([0.0, 5.0, 20.0, 20.0])
    answers = iter([{}, {digest("e"): "deployed by stack dev"}])
    outcome = carry_out(registry, plan, lambda: next(answers), clock=lambda: next(times))
    assert list(outcome.spared) == [digest("e")]


@pytest.mark.usefixtures("_pairs")
def test_what_a_late_protection_needs_stays_too() -> None:
    images = [image("a", "", 9), image("i", "", 8, children="a"), image("s", "", 7, subject="i")]
    registry, plan = holding(images), clean.plan(images, UNTAGGED, {}, NOW)
    outcome = carry_out(registry, plan, lambda: {digest("a"): "pinned by stack qa"})
    assert len(registry.images) == 3
    assert set(outcome.spared) == {digest("a"), digest("i"), digest("s")}


def test_an_image_in_the_archive_is_not_looked_for_again() -> None:
    images = [image("a", status=ARCHIVED, archived=1)]
    registry = holding(images)
    registry.images[digest("a")] = image("a", "seen only by who asks")
    assert carry_out(registry, clean.plan(images, UNTAGGED, {}, NOW)).left == {}


def test_what_is_gone_already_counts_as_deleted() -> None:
    registry, plan = five()
    registry.images.clear()
    assert carry_out(registry, plan).line(plan) == "deleted 5 of 5 images"


@pytest.mark.usefixtures("_pairs")
def test_what_ecr_refuses_is_told_and_what_needs_it_stays() -> None:
    images = [image("a", "", 9), image("i", "", 8, children="a"), image("s", "", 7, subject="i"), image("z", "", 1)]
    registry, plan = holding(images), clean.plan(images, UNTAGGED, {}, NOW)
    registry.refuses = {digest("s")}
    outcome = carry_out(registry, plan)
    assert outcome.refused == {digest("s"): "refused"}
    assert outcome.spared == {digest(each): "something that has to go before it is still there" for each in ("i", "a")}
    assert list(registry.images) == [digest("a"), digest("i"), digest("s")]


def failing(code: str) -> Callable[[int], None]:
    def fail(request: int) -> None:
        if request == 2:
            raise RemoteError("no", service="ecr", operation="BatchDeleteImage", code=code)

    return fail


@pytest.mark.usefixtures("_pairs")
@pytest.mark.parametrize(
    ("code", "line"),
    [
        pytest.param("AccessDeniedException", "deleted 2 of 5 images; 3 are not deleted", id="refused"),
        pytest.param(
            "ThrottlingException",
            "deleted 2 of 5 images; of 2 it is not known, as the request was under way; 1 is not deleted",
            id="refused at the last attempt",
        ),
        pytest.param(
            "ReadTimeoutError",
            "deleted 2 of 5 images; of 2 it is not known, as the request was under way; 1 is not deleted",
            id="no answer",
        ),
        pytest.param(
            "ServerException",
            "deleted 2 of 5 images; of 2 it is not known, as the request was under way; 1 is not deleted",
            id="half an answer",
        ),
    ],
)
def test_an_error_ends_it_and_says_what_is_deleted(code: str, line: str) -> None:
    registry, plan = five()
    registry.before = failing(code)
    outcome = carry_out(registry, plan)
    assert isinstance(outcome.error, RemoteError)
    assert outcome.line(plan) == f"{line}; the same command goes on from there"


def test_an_error_of_those_who_know_what_is_needed_ends_it_before_anything_goes() -> None:
    registry, plan = five()

    def unknown() -> Mapping[str, str]:
        raise InputError("pulumi", "there is no such command")

    outcome = carry_out(registry, plan, unknown)
    assert (str(outcome.error), registry.requests) == ("pulumi: there is no such command", [])
    assert outcome.line(plan).startswith("deleted 0 of 5 images; 5 are not deleted")


@pytest.mark.usefixtures("_pairs")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_that_is_under_way_may_end_when_a_signal_comes(number: signal.Signals) -> None:
    registry, plan = five()
    come = threading.Event()

    def interrupt(request: int) -> None:
        if request == 2:
            os.kill(os.getpid(), number)
            come.wait(0.2)

    registry.before = interrupt
    before = signal.getsignal(signal.SIGTERM)
    outcome = carry_out(registry, plan)
    assert (outcome.interrupted, len(registry.requests)) == (True, 2)
    assert outcome.line(plan) == "deleted 4 of 5 images; 1 is not deleted; the same command goes on from there"
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.usefixtures("_pairs")
def test_a_request_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "GRACE_S", 0.05)
    registry, plan = five()
    ended = threading.Event()

    def stall(request: int) -> None:
        if request == 2:
            os.kill(os.getpid(), signal.SIGINT)
            ended.wait(20)

    registry.before = stall
    outcome = carry_out(registry, plan)
    ended.set()
    assert outcome.interrupted
    assert [each.digest for each in outcome.unknown] == [digest("c"), digest("d")]


# -- properties -------------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(cases, st.integers(1, 3), st.data())
def test_after_any_failures_the_same_command_deletes_exactly_the_rest(
    case: Case, size: int, data: st.DataObject
) -> None:
    images, wanted, protected = case
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clean, "BATCH_SIZE", size)
        plan = clean.plan(images, wanted, protected, NOW)
        registry = holding(images)
        registry.refuses = data.draw(st.sets(st.sampled_from([each.digest for each in plan.going] or [""])))
        last = data.draw(st.integers(1, 5))

        def end(request: int) -> None:
            if request == last:
                raise RemoteError("no", service="ecr", operation="X", code="ReadTimeoutError")

        registry.afterwards = end
        first = carry_out(registry, plan)
        assert {each.digest for each in images} - set(registry.images) >= {each.digest for each in first.deleted}
        registry.refuses, registry.afterwards = set(), lambda _request: None
        again = clean.plan(list(registry.images.values()), wanted, protected, NOW)
        assert {each.digest for each in again.going} == {each.digest for each in plan.going} & set(registry.images)
        outcome = carry_out(registry, again)
        assert outcome.left == {}
    assert set(registry.images) == {each.digest for each in images} - {each.digest for each in plan.going}
