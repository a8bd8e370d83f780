from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from ecr.oci.session import Rate, Session, Workers
from ecr.oci.transport import Deadline, Stopped


@dataclass
class Clock(Deadline):
    """Time that passes only when somebody waits."""

    now: float = 1000.0
    end: float = 1e9
    stopped: threading.Event = field(default_factory=threading.Event)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now = min(self.now + seconds, self.end)
        if self.now == self.end:
            raise Stopped


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("ecr.oci.session.time", made)
    return made


def times(rate: Rate, clock: Clock, count: int) -> list[float]:
    """When each of so many requests is sent, one after another."""
    found = []
    for _ in range(count):
        rate.wait(clock)
        found.append(clock.now)
    return found


@pytest.mark.parametrize(
    ("per_second", "at_once", "window_s"),
    [
        pytest.param(10.0, 10, 1.0, id="as-ECR-takes-images"),
        pytest.param(100.0, 100, 1.0, id="as-ECR-takes-layers"),
        pytest.param(1.0, 1, 1.0, id="one"),
        pytest.param(2.5, 2, 0.8, id="not-a-whole-number"),
        pytest.param(0.5, 1, 2.0, id="less-than-one"),
    ],
)
class TestRate:
    def test_no_window_ever_sees_more_than_the_rate(
        self, clock: Clock, per_second: float, at_once: int, window_s: float
    ) -> None:
        sent = times(Rate(per_second), clock, 4 * at_once)
        assert all(later - earlier > window_s for earlier, later in zip(sent, sent[at_once:], strict=False))

    def test_a_second_s_worth_goes_out_at_once(
        self, clock: Clock, per_second: float, at_once: int, window_s: float
    ) -> None:
        del window_s
        assert set(times(Rate(per_second), clock, at_once)) == {1000.0}

    def test_a_pause_earns_no_more_than_that(
        self, clock: Clock, per_second: float, at_once: int, window_s: float
    ) -> None:
        rate = Rate(per_second)
        times(rate, clock, 2 * at_once)
        clock.now += 60
        begun = clock.now
        after = times(rate, clock, at_once + 1)
        assert after[:-1] == [begun] * at_once
        assert after[-1] > begun + window_s


def test_the_rate_is_nearly_used_up(clock: Clock) -> None:
    assert times(Rate(10.0), clock, 30)[-1] - 1000 == pytest.approx(2.2)


def test_without_a_rate_nothing_waits(clock: Clock) -> None:
    assert set(times(Rate(None), clock, 1000)) == {1000.0}


def test_waiting_ends_with_the_deadline(clock: Clock) -> None:
    clock.end = 1000.5
    rate = Rate(1.0)
    rate.wait(clock)
    with pytest.raises(Stopped):
        rate.wait(clock)


def test_all_copies_of_a_session_share_one_rate_a_registry_and_operation() -> None:
    with Session() as session:
        one = session.rate("a.example", "PutManifest", 10.0)
        assert session.rate("a.example", "PutManifest", 10.0) is one
        assert session.rate("a.example", "BeginUpload", 10.0) is not one
        assert session.rate("b.example", "PutManifest", 10.0) is not one


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(2)
    yield made
    made.close()


def test_results_come_in_the_order_of_the_calls(workers: Workers) -> None:
    second_done = threading.Event()

    def first() -> str:
        assert second_done.wait(10)
        return "first"

    def second() -> str:
        second_done.set()
        return "second"

    assert workers.run([first, second], Deadline(10)) == ["first", "second"]


def test_no_more_threads_work_than_allowed(workers: Workers) -> None:
    assert len(set(workers.run([threading.get_ident] * 50, Deadline(10)))) <= 2


def test_nothing_to_do_is_done_at_once(workers: Workers) -> None:
    assert workers.run([], Deadline(10)) == []


def test_the_first_failure_stops_the_rest_and_is_raised(workers: Workers) -> None:
    deadline = Deadline(10)

    def fail() -> None:
        raise LookupError("the first")

    def until_stopped() -> None:
        assert deadline.stopped.wait(10)
        raise Stopped

    calls: list[Callable[[], None]] = [until_stopped, fail]
    with pytest.raises(LookupError, match="the first"):
        workers.run(calls, deadline)


def test_several_callers_share_the_threads(workers: Workers) -> None:
    results: dict[int, list[int]] = {}

    def one_caller(number: int) -> None:
        results[number] = workers.run([lambda: number] * 20, Deadline(10))

    callers = [threading.Thread(target=one_caller, args=(number,)) for number in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert results == {number: [number] * 20 for number in range(5)}


def test_closing_ends_the_threads() -> None:
    before = threading.active_count()
    closed = Workers(4)
    closed.run([threading.get_ident] * 10, Deadline(10))
    closed.close()
    assert threading.active_count() == before
