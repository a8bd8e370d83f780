"""What holds for every test."""

from __future__ import annotations

import os
import signal

import pytest

LINES = 12  # of an internal error, shown once more at the very end


def pytest_configure() -> None:
    """Let Ctrl-C arrive: a shell that starts the tests in the background has them, and all they start, ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_internalerror(excrepr: object) -> None:
    """End with the summary once a worker is broken, and with its reason.

    pytest-xdist 3.8.0 would go on until it trips over that worker's end, and show nothing but where (its issue 1239).
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        reason = "\n".join(str(excrepr).splitlines()[-LINES:])
        pytest.exit(f"internal error:\n{reason}", returncode=pytest.ExitCode.INTERNAL_ERROR)
