"""One writer per state directory.

The lock is `flock` on a file: the kernel drops it with the process that held it, so a killed process cannot block
the next one. The text in the file only says who holds it, for the message to whoever waits.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalError

POLL_S = 0.1
DEADLINE_S = 20 * 60.0  # longer than a first `up` on a slow machine, which builds the engine under the lock


class FileLock:
    """A lock file that one process holds at a time, and that its holder may enter again."""

    def __init__(self, path: Path, *, say: Callable[[str], None], deadline_s: float = DEADLINE_S) -> None:
        self._path = path
        self._say = say
        self._deadline_s = deadline_s
        self._within = threading.RLock()
        self._depth = 0

    @property
    def is_held(self) -> bool:
        """Whether this object holds it now."""
        return self._depth > 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; waits for another holder, and says which process that is.

        Raises:
            LocalError: the deadline passed.
        """
        with self._within:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            descriptor = self._acquire()
            self._depth = 1
            try:
                yield
            finally:
                self._depth = 0
                os.ftruncate(descriptor, 0)
                os.close(descriptor)

    def _acquire(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {' '.join(sys.argv)[:200]}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _wait(self, descriptor: int) -> None:
        deadline, told = time.monotonic() + self._deadline_s, False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                return
            if not told:
                told = True
                self._say(f"waiting for {self._holder(descriptor)}, which holds {self._path} (Ctrl-C to give up)")
            if time.monotonic() > deadline:
                raise LocalError(
                    f"gave up after {self._deadline_s:.0f} s: {self._holder(descriptor)} holds {self._path}"
                )
            time.sleep(POLL_S)

    def _holder(self, descriptor: int) -> str:
        pid, _, command = os.pread(descriptor, 512, 0).decode(errors="replace").strip().partition(" ")
        return f"pid {pid} ({command})" if pid else "another process"
