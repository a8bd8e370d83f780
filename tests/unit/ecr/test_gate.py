from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from ecr import gate as gates
from ecr.errors import RemoteError
from ecr.gate import SystemClock, examine
from ecr.scan import NOT_FOUND, Finding, GateOff, Ignore, Scan, ScanGate, Verdict
from ecr.severity import Severity

INDEX, AMD, ARM = (f"sha256:{letter * 64}" for letter in "abc")
DONE = datetime(2026, 11, 21, tzinfo=UTC)
THROTTLED = RemoteError(
    "slow down", service="ecr", operation="DescribeImageScanFindings", code="ThrottlingException", temporary=True
)
DENIED = RemoteError("no", service="ecr", operation="DescribeImageScanFindings", code="AccessDeniedException")

Answer = Scan | RemoteError


@dataclass
class FakeClock:
    """Passes only while somebody sleeps, and records how long."""

    start: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)
    jump: timedelta = timedelta()

    def now(self) -> datetime:
        return self.start + timedelta(seconds=sum(self.slept)) + self.jump

    def monotonic(self) -> float:
        return 1000 + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)


@dataclass
class Script:
    """Answers from a list for each digest; the last one stays."""

    answers: dict[str, list[Answer]]
    listing: list[tuple[tuple[str, str], ...] | RemoteError] = field(default_factory=lambda: [((AMD, ""),)])
    asked: list[str] = field(default_factory=list)

    def platforms(self, digest: str) -> tuple[tuple[str, str], ...]:
        self.asked.append(digest)
        answer = self.listing.pop(0) if len(self.listing) > 1 else self.listing[0]
        if isinstance(answer, RemoteError):
            raise answer
        return answer

    def scan(self, digest: str) -> Scan:
        self.asked.append(digest)
        answers = self.answers[digest]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, RemoteError):
            raise answer
        return answer


def answer(
    status: str = "COMPLETE", *findings: Finding, digest: str = AMD, completed_at: datetime | None = DONE
) -> Scan:
    return Scan(image_digest=digest, status=status, findings=findings, completed_at=completed_at)


def bad(digest: str = AMD) -> Scan:
    return answer("COMPLETE", Finding(id="CVE-2026-1", severity=Severity.CRITICAL, image_digest=digest), digest=digest)


def run(source: Script, gate: ScanGate | GateOff, clock: FakeClock | None = None) -> tuple[Verdict, list[str]]:
    said: list[str] = []
    return examine(source, INDEX, gate, clock=clock or FakeClock(), say=said.append), said


def test_a_scan_that_has_ended_is_judged_at_once() -> None:
    clock = FakeClock()
    verdict, said = run(Script({AMD: [answer()]}), ScanGate(), clock)
    assert (verdict.passed, said, clock.slept) == (True, [], [])


def test_a_gate_that_is_off_asks_nothing_and_says_why() -> None:
    source = Script({})
    verdict, _ = run(source, GateOff("no scanner"))
    assert (verdict.passed, verdict.rule, source.asked) == (True, "the gate is off: no scanner", [])


@pytest.mark.parametrize(
    "early",
    [
        answer("PENDING", completed_at=None),
        answer("IN_PROGRESS", completed_at=None),
        answer(NOT_FOUND, completed_at=None),
        answer("ACTIVE", completed_at=None),
        answer("COMPLETE", completed_at=None),
    ],
    ids=lambda scan: scan.status,
)
def test_a_pending_scan_is_waited_for(early: Scan) -> None:
    clock = FakeClock()
    verdict, said = run(Script({AMD: [early, early, early, answer("ACTIVE")]}), ScanGate(), clock)
    assert verdict.passed
    assert clock.slept == [2, 3, 4.5]
    assert said[0].startswith(f"scan of {AMD} is {early.status}")
    assert said[0].endswith("waiting up to 10 min 0 s more")


@pytest.mark.parametrize("status", ["FAILED", "UNSUPPORTED_IMAGE", "FINDINGS_UNAVAILABLE", "NEW_WORD"])
def test_a_scan_that_failed_is_not_waited_for(status: str) -> None:
    clock = FakeClock()
    verdict, _ = run(Script({AMD: [answer(status)]}), ScanGate(), clock)
    assert (verdict.passed, clock.slept) == (False, [])


@pytest.mark.parametrize("wait_s", [0, 1, 17, 600, 86400])
def test_waiting_ends_at_the_deadline_with_one_last_look(wait_s: int) -> None:
    clock, source = FakeClock(), Script({AMD: [answer("IN_PROGRESS")]})
    verdict, said = run(source, ScanGate(wait_s=wait_s), clock)
    assert not verdict.passed
    assert "has not ended in time, it is IN_PROGRESS" in verdict.reasons[0]
    assert sum(clock.slept) == pytest.approx(wait_s)
    assert max(clock.slept, default=0) <= gates.MAX_STEP_S
    assert source.asked.count(AMD) == len(clock.slept) + 1
    assert len(said) <= wait_s / gates.SAY_EVERY_S + 1


def test_a_scan_that_ends_at_the_last_moment_counts() -> None:
    assert run(Script({AMD: [answer("IN_PROGRESS"), answer()]}), ScanGate(wait_s=1))[0].passed


def test_progress_counts_down() -> None:
    _, said = run(Script({AMD: [answer("IN_PROGRESS")]}), ScanGate(wait_s=61))
    left = [line.partition("waiting ")[2] for line in said]
    assert left[0] == "up to 1 min 1 s more"
    assert len(said) > 2
    assert left[-1].startswith("up to ")
    assert "min" not in left[-1]


def test_every_platform_is_examined_even_when_the_first_is_refused() -> None:
    source = Script(
        {AMD: [bad()], ARM: [answer("PENDING", digest=ARM), bad(ARM)]},
        [((AMD, "linux/amd64"), (ARM, "linux/arm64"))],
    )
    verdict, said = run(source, ScanGate())
    assert sorted(judged.platform for judged in verdict.findings) == ["linux/amd64", "linux/arm64"]
    assert f"scan of {ARM} (linux/arm64) is PENDING" in said[0]
    assert source.asked == [INDEX, AMD, ARM, ARM]


def test_several_pending_scans_share_one_deadline_and_one_line() -> None:
    source = Script(
        {AMD: [answer("PENDING")], ARM: [answer("IN_PROGRESS")]}, [((AMD, "linux/amd64"), (ARM, "linux/arm64"))]
    )
    clock = FakeClock()
    verdict, said = run(source, ScanGate(wait_s=20), clock)
    assert sum(clock.slept) == pytest.approx(20)
    assert len(verdict.reasons) == 2
    assert "is PENDING (and 1 more scans are pending), waiting" in said[0]


def test_an_index_that_names_no_image_does_not_pass() -> None:
    assert not run(Script({}, [()]), ScanGate())[0].passed


def test_one_image_under_two_platforms_is_asked_once() -> None:
    source = Script({AMD: [answer()]}, [((AMD, "linux/arm/v7"), (AMD, "linux/arm/v8"))])
    assert run(source, ScanGate())[0].passed
    assert source.asked == [INDEX, AMD]


def test_a_temporary_failure_is_waited_out() -> None:
    source = Script({AMD: [THROTTLED, answer("PENDING"), THROTTLED, answer()]}, [THROTTLED, ((AMD, ""),)])
    verdict, said = run(source, ScanGate())
    assert verdict.passed
    assert said[0].startswith(
        f"the list of platforms of {INDEX} can't be read now (ThrottlingException), waiting up to"
    )


def test_a_failure_that_lasts_is_raised_at_the_deadline() -> None:
    clock = FakeClock()
    with pytest.raises(RemoteError, match="slow down"):
        run(Script({AMD: [THROTTLED]}), ScanGate(wait_s=30), clock)
    assert sum(clock.slept) == pytest.approx(30)


@pytest.mark.parametrize("where", ["platforms", "scan"])
def test_a_failure_that_is_for_good_is_raised_at_once(where: str) -> None:
    clock = FakeClock()
    source = Script({AMD: [DENIED]}, [DENIED] if where == "platforms" else [((AMD, ""),)])
    with pytest.raises(RemoteError, match="no"):
        run(source, ScanGate(), clock)
    assert clock.slept == []


@pytest.mark.parametrize(
    ("now", "passes"),
    [
        pytest.param(datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), True, id="last-second-in-utc"),
        pytest.param(datetime(2026, 11, 23, 0, 0, tzinfo=UTC), False, id="next-day-in-utc"),
        pytest.param(datetime(2026, 11, 23, 8, 59, tzinfo=timezone(timedelta(hours=9))), True, id="still-utc-in-seoul"),
        pytest.param(datetime(2026, 11, 22, 19, 0, tzinfo=timezone(timedelta(hours=-5))), False, id="over-in-new-york"),
    ],
)
def test_an_ignore_ends_with_its_day_in_utc(now: datetime, *, passes: bool) -> None:
    gate = ScanGate(ignore=(Ignore(id="CVE-2026-1", reason="ok", until=date(2026, 11, 22)),))
    assert run(Script({AMD: [bad()]}), gate, FakeClock(start=now))[0].passed is passes


def test_an_ignore_that_expires_during_the_wait_has_expired() -> None:
    gate = ScanGate(ignore=(Ignore(id="CVE-2026-1", reason="ok", until=date(2026, 11, 22)),))
    late = FakeClock(start=datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC))
    assert not run(Script({AMD: [answer("PENDING"), bad()]}), gate, late)[0].passed


def test_a_wall_clock_that_is_set_back_does_not_prolong_the_wait() -> None:
    class Jumping(FakeClock):
        def sleep(self, seconds: float) -> None:
            self.jump -= timedelta(hours=1)
            super().sleep(seconds)

    clock = Jumping()
    run(Script({AMD: [answer("PENDING")]}), ScanGate(wait_s=60), clock)
    assert sum(clock.slept) == pytest.approx(60)


def test_this_machine_s_clock_knows_its_time_zone_and_does_not_go_back() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0)
    assert clock.monotonic() >= before
    assert clock.now().utcoffset() == timedelta()


def steps() -> Iterator[float]:
    step = gates.FIRST_STEP_S
    while True:
        yield step
        step = min(step * gates.GROWTH, gates.MAX_STEP_S)


def test_steps_grow_to_their_limit() -> None:
    clock = FakeClock()
    run(Script({AMD: [answer("PENDING")]}), ScanGate(wait_s=120), clock)
    assert clock.slept[:-1] == [step for step, _ in zip(steps(), clock.slept[:-1], strict=False)]
    assert gates.MAX_STEP_S in clock.slept
