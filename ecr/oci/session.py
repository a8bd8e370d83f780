"""What several copies share: connections, worker threads, limits, request rates, and what is known of registries."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

from ecr.oci.authorization import Authorizations
from ecr.oci.http_transport import HttpTransport
from ecr.oci.transport import Deadline, Transport

T = TypeVar("T")

# After Ctrl-C a thread may be in the middle of a read that nothing can end.
_CLOSE_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long and how much.

    Attributes:
        connect_s: seconds to connect to a registry, TLS included.
        read_s: seconds that a registry may be silent.
        total_s: seconds for one copy or one verification.
        attempts: how often a request is sent before it counts as failed.
        concurrency: threads of a session, each busy with one blob; docs/decisions/0004-http-client.md has the figures.
    """

    connect_s: float = 5
    read_s: float = 30
    total_s: float = 3600
    attempts: int = 5
    concurrency: int = 8


# Requests sent a second apart may arrive a little closer together.
_JITTER_S = 0.1


class Rate:
    """So many in any second, not only in the long run: as many at once, then the next a second after the first.

    A token bucket as large as a second's worth would let twice as many through in its first second.

    Args:
        per_second: None for no limit.
    """

    def __init__(self, per_second: float | None) -> None:
        self._count = max(1, int(per_second or 0))
        self._window_s = self._count / per_second + _JITTER_S if per_second else 0.0
        self._lock = threading.Lock()
        self._due: deque[float] = deque(maxlen=self._count)

    def wait(self, deadline: Deadline) -> None:
        """Until the next one is due. Raises Stopped when the deadline comes first."""
        if not self._window_s:
            return
        with self._lock:
            now = time.monotonic()
            due = max(now, self._due[0] + self._window_s) if len(self._due) == self._count else now
            self._due.append(due)
        if due > now:
            deadline.sleep(due - now)


class _Job(Generic[T]):
    """One call that some worker makes; its outcome stays here."""

    def __init__(self, call: Callable[[], T], done: Callable[[_Job[T]], None]) -> None:
        self._call = call
        self._done = done
        self.result: list[T] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result.append(self._call())
        except BaseException as error:  # noqa: BLE001 (raised again by whoever waits for it)
            self.error = error
        self._done(self)


class Workers:
    """Threads that are started when there is work, at most `count` of them.

    `concurrent.futures` would do, but takes 20 ms to load, a third of the time in which crane has copied an image.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._condition = threading.Condition()
        self._waiting: deque[Callable[[], None]] = deque()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False

    def run(self, calls: Iterable[Callable[[], T]], deadline: Deadline) -> list[T]:
        """The results of all calls, in their order; they run side by side, never in this thread.

        The first failure stops the deadline, which ends the others, and is raised when all have ended.
        """
        finished = threading.Semaphore(0)
        first: list[BaseException] = []

        def done(job: _Job[T]) -> None:
            if job.error is not None and not first:
                first.append(job.error)
                deadline.stop()
            finished.release()

        jobs = [_Job(call, done) for call in calls]
        self._submit([job.run for job in jobs])
        try:
            for _ in jobs:
                finished.acquire()
        except BaseException:
            deadline.stop()
            raise
        if first:
            raise first[0]
        return [job.result[0] for job in jobs]

    def close(self) -> None:
        """End the threads; what waits is still done. One that waits for a registry is left behind: it is a daemon."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        patience = time.monotonic() + _CLOSE_S
        for thread in self._threads:
            thread.join(max(0.0, patience - time.monotonic()))

    def _submit(self, calls: list[Callable[[], None]]) -> None:
        with self._condition:
            self._waiting.extend(calls)
            missing = min(len(self._waiting) - self._idle, self._count - len(self._threads))
            for _ in range(missing):
                thread = threading.Thread(target=self._work, name="ecr-worker", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._condition.notify(len(calls))

    def _work(self) -> None:
        while True:
            with self._condition:
                self._idle += 1
                while not self._waiting and not self._closed:
                    self._condition.wait()
                self._idle -= 1
                if not self._waiting:
                    return
                call = self._waiting.popleft()
            call()


class Session:
    """Everything that outlives one copy; thread-safe, a context manager.

    Args:
        limits: how long and how much.
        transport: sends the requests; None for the network. It is closed with the session.
    """

    def __init__(self, limits: Limits = Limits(), *, transport: Transport | None = None) -> None:
        self.limits = limits
        self.transport = transport or HttpTransport(connect_s=limits.connect_s, read_s=limits.read_s)
        self.workers = Workers(limits.concurrency)
        self.authorizations = Authorizations(self.transport)
        self._lock = threading.Lock()
        self._rates: dict[tuple[str, str], Rate] = {}
        self._locks: dict[tuple[str, ...], threading.Lock] = {}
        self._without_referrers: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End threads and connections."""
        self.workers.close()
        self.transport.close()

    def rate(self, host: str, operation: str, per_second: float | None) -> Rate:
        """The one rate of an operation on a registry, shared by all copies of this session."""
        with self._lock:
            return self._rates.setdefault((host, operation), Rate(per_second))

    def lock(self, *name: str) -> threading.Lock:
        """The one lock of this name."""
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())

    def lacks_referrers(self, location: str) -> bool:
        """Whether the registry has said of this repository that it has no referrers API."""
        return location in self._without_referrers

    def remember_no_referrers(self, location: str) -> None:
        """Spare the next copies the question."""
        with self._lock:
            self._without_referrers.add(location)
