"""Gathers the scans of all platforms of an image, waits for those that are pending, and lets `ecr.scan` judge."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

from ecr import scan as scans
from ecr.errors import RemoteError
from ecr.scan import Gate, GateOff, Scan, Verdict

FIRST_STEP_S = 2.0
MAX_STEP_S = 15.0
GROWTH = 1.5
SAY_EVERY_S = 15.0

Answer = TypeVar("Answer")


class ScanSource(Protocol):
    """Where scans are read, such as `ecr.aws.findings.EcrScans`."""

    def platforms(self, digest: str) -> tuple[tuple[str, str], ...]:
        """Digest and platform of every image that an index leads to, or those of the image itself.

        Raises:
            RemoteError: when it is not there, or can't be read.
        """

    def scan(self, digest: str) -> Scan:
        """What is known about one image now; a scan that is pending or missing is an answer too.

        Raises:
            RemoteError: when the image is not there, or its scan can't be read.
        """


class Clock(Protocol):
    """Time, as the gate needs it."""

    def now(self) -> datetime:
        """The time of day in UTC, with its time zone. It decides which ignores have expired."""

    def monotonic(self) -> float:
        """Seconds since some point; it never jumps, and so decides when the wait is over."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """This machine's clock."""

    def now(self) -> datetime:
        """The time of day in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since the machine started, or so."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def examine(source: ScanSource, digest: str, gate: Gate, *, clock: Clock, say: Callable[[str], None]) -> Verdict:
    """The verdict on an image and all its platforms, once their scans have ended or the gate's wait is over.

    Every platform is examined, also when one is refused already, so that one run names everything. A gate that is
    switched off asks nothing.

    Args:
        source: where the scans are.
        digest: of an image or an index.
        gate: the rule, and how long to wait for all platforms together.
        clock: what tells the time and waits.
        say: gets a line of progress now and then while waiting.

    Raises:
        RemoteError: when a scan can't be read; a temporary failure is waited for as a pending scan is.
    """
    if isinstance(gate, GateOff):
        return scans.switched_off(gate)
    wait = _Wait(clock, say, gate.wait_s)
    images = wait.patiently(f"the list of platforms of {digest}", lambda: source.platforms(digest))
    found = _gather(source, images, wait)
    return scans.judge(found, gate, today=clock.now().astimezone(UTC).date())


class _Wait:
    """One wait with one deadline, in ever longer steps, of which some are told."""

    def __init__(self, clock: Clock, say: Callable[[str], None], wait_s: int) -> None:
        self._clock = clock
        self._say = say
        self._deadline = clock.monotonic() + wait_s
        self._step_s = FIRST_STEP_S
        self._said_at = float("-inf")

    def go_on(self, reason: str) -> bool:
        """Wait one step for `reason`; no when the time is over, and then it has not waited."""
        now = self._clock.monotonic()
        left = self._deadline - now
        if left <= 0:
            return False
        if now - self._said_at >= SAY_EVERY_S:
            self._said_at = now
            self._say(f"{reason}, waiting up to {_duration(left)} more")
        self._clock.sleep(min(self._step_s, left))
        self._step_s = min(self._step_s * GROWTH, MAX_STEP_S)
        return True

    def patiently(self, what: str, read: Callable[[], Answer]) -> Answer:
        """What `read` returns; after a temporary failure it is asked again."""
        while True:
            try:
                return read()
            except RemoteError as error:
                if not (error.temporary and self.go_on(f"{what} can't be read now ({error.code})")):
                    raise


def _gather(source: ScanSource, images: tuple[tuple[str, str], ...], wait: _Wait) -> list[Scan]:
    """The last scan read of each image: an answer, or what was pending at the end."""
    found: dict[str, Scan] = {}
    waiting = dict(images)
    while waiting:
        for digest, platform in waiting.items():
            scan = wait.patiently(f"scan of {digest}", partial(source.scan, digest))
            found[digest] = dataclasses.replace(scan, platform=platform)
        waiting = {digest: platform for digest, platform in waiting.items() if scans.pending(found[digest])}
        if waiting and not wait.go_on(_pending([found[digest] for digest in waiting])):
            break
    return list(found.values())


def _pending(waiting: list[Scan]) -> str:
    first, others = waiting[0], len(waiting) - 1
    ended = ", but has not ended" if first.status in scans.ANSWERED else ""
    more = f" (and {others} more scans are pending)" if others else ""
    return f"scan of {first} is {first.status}{ended}{more}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
