"""Does one thing beside the rest of the program, before its result is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Something that is under way in a thread of its own, for which nobody waits when the program ends.

    Args:
        work: what is done; it is done once.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._result: list[T] = []
        self._failure: BaseException | None = None
        # Python 3.11 takes a thread for ended once Ctrl-C has interrupted a `join` of it (github.com/python/cpython
        # issue 90882).
        self._ended = threading.Event()
        # A pool's threads would be waited for at the end: a request that Ctrl-C gives up may take half a minute.
        self._thread = threading.Thread(target=self._run, name="ahead", daemon=True)

    @classmethod
    def start(cls, work: Callable[[], T]) -> Ahead[T]:
        """Begin."""
        ahead = cls(work)
        ahead.begin()
        return ahead

    def begin(self) -> None:
        """Begin; for those who have to hold it already when the beginning is interrupted."""
        self._thread.start()

    def result(self) -> T:
        """What came of it, as soon as it is there; what it raised is raised here."""
        self._ended.wait()
        if self._failure is not None:
            raise self._failure
        return self._result[0]

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended, at the latest after so many seconds."""
        return self._ended.wait(timeout_s)

    @property
    def failed(self) -> bool:
        """Whether it has ended by raising something."""
        return self._failure is not None

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            self._failure = error
        finally:
            self._ended.set()
