"""How a transfer is shown: bars on a terminal, plain lines elsewhere, nothing when asked to be quiet."""

# ruff: noqa: PLC0415 - rich's bars are loaded where a terminal shows them; nobody else waits for them

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

from ecr import tables
from ecr.cli import console

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

# A long transfer shows that it is alive, and a log stays readable.
SECONDS_BETWEEN_LINES = 5.0

_ALREADY_DONE = {"skipped": "already there", "mounted": "mounted"}


class Progress(Protocol):
    """What a transfer tells about itself, from any of its threads."""

    def blob(self, digest: str, size: int, outcome: Literal["skipped", "mounted", "copied"]) -> None:
        """One blob is done."""

    def moved(self, count: int) -> None:
        """`count` more bytes have arrived."""

    def total(self, size: int) -> None:
        """`size` more bytes are known to be needed."""


@contextmanager
def shown(doing: str, done: str, *, quiet: bool) -> Iterator[Progress]:
    """Show a transfer on stderr for as long as the block runs.

    Args:
        doing: what goes on, such as `copying`.
        done: what has then happened to a blob, such as `copied`.
        quiet: show nothing.
    """
    if quiet:
        yield Silent()
    elif _is_terminal():
        with bars(doing) as progress:
            yield progress
    else:
        yield Lines(doing, done)


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Silent:
    """Shows nothing."""

    def blob(self, digest: str, size: int, outcome: str) -> None:
        """Nothing."""

    def moved(self, count: int) -> None:
        """Nothing."""

    def total(self, size: int) -> None:
        """Nothing."""


class Lines:
    """One line for each blob that is done, and now and then one for the whole.

    Args:
        doing: what goes on, such as `copying`.
        done: what has then happened to a blob, such as `copied`.
        write: takes each line.
        clock: seconds that only ever grow.
    """

    def __init__(
        self,
        doing: str,
        done: str,
        *,
        write: Callable[[str], None] = console.say,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._doing = doing
        self._done = done
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._start = self._last = clock()
        self._moved = 0
        self._total = 0

    def blob(self, digest: str, size: int, outcome: str) -> None:
        """One line."""
        with self._lock:
            self._line(f"{_ALREADY_DONE.get(outcome, self._done)} {tables.short_digest(digest)} ({tables.size(size)})")

    def moved(self, count: int) -> None:
        """One line when the last is some seconds old."""
        with self._lock:
            self._moved += count
            now = self._clock()
            if now - self._last >= SECONDS_BETWEEN_LINES:
                self._line(self._whole(now))

    def total(self, size: int) -> None:
        """Remembered for the lines to come."""
        with self._lock:
            self._total += size

    def _whole(self, now: float) -> str:
        of = f" of {tables.size(self._total)}" if self._total >= self._moved else ""
        rate = tables.size(self._moved / (now - self._start))
        return f"{self._doing}: {tables.size(self._moved)}{of}, {rate}/s"

    def _line(self, text: str) -> None:
        self._last = self._clock()
        self._write(text)


class Bars:
    """One bar of bytes with rate and time left, on a terminal."""

    def __init__(self, rich: RichProgress, task: TaskID) -> None:
        self._rich = rich
        self._task = task
        self._lock = threading.Lock()
        self._total = 0
        self._blobs = 0

    def blob(self, digest: str, size: int, outcome: str) -> None:  # noqa: ARG002 - the bar counts only
        """One more in the count."""
        with self._lock:
            self._blobs += 1
            self._rich.update(self._task, blobs=tables.plural(self._blobs, "blob"))

    def moved(self, count: int) -> None:
        """The bar grows."""
        self._rich.advance(self._task, count)

    def total(self, size: int) -> None:
        """The bar's end moves."""
        with self._lock:
            self._total += size
            self._rich.update(self._task, total=self._total)


@contextmanager
def bars(doing: str) -> Iterator[Bars]:
    """Bars on stderr, which are taken away at the end: the result says it all."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[blobs]}", markup=False),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as rich:
        yield Bars(rich, rich.add_task(doing, total=None, blobs=""))
