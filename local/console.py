"""Progress on stderr. stdout is for results, so nothing here writes to it."""

# ruff: noqa: T201 - printing is what this module is for
# ruff: noqa: S603 - commands of our own as lists, no shell

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

HEARTBEAT_S = 30.0  # a log without news for longer looks hung, and some CI systems stop such a job
REDRAW_S = 1.0


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


def is_terminal() -> bool:
    """Whether progress goes to a terminal, which may be redrawn and coloured."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def colour() -> str:
    """The engine's `--color` for where its output goes (https://no-color.org)."""
    return "always" if is_terminal() and not os.environ.get("NO_COLOR") else "never"


@contextmanager
def step(label: str, detail: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Show that something long is going on: elapsed seconds on a terminal, else a line every half minute."""
    started, done = time.monotonic(), threading.Event()
    terminal = is_terminal()

    def status() -> str:
        extra = detail()
        return f"{label}: {time.monotonic() - started:.0f} s" + (f", {extra}" if extra else "")

    def beat() -> None:
        while not done.wait(REDRAW_S if terminal else HEARTBEAT_S):
            if terminal:
                print(f"\r\x1b[2K{status()[:110]}", end="", file=sys.stderr, flush=True)
            else:
                say(f"  ... {status()}")

    say(label)
    thread = threading.Thread(target=beat, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        if terminal:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
    say(f"  done in {time.monotonic() - started:.1f} s")


def run_logged(
    argv: Sequence[str], label: str, log: Path, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[int, str]:
    """Run a long command under `step`, its output in `log`; the exit code and that output.

    It runs in a process group of its own, and an interruption ends the whole group: no half-finished compiler or
    installer is left behind.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: list[str] = []

    def last_line() -> str:
        return f"{len(tail)} lines so far, last: {tail[-1][:70]}" if tail else ""

    with log.open("w") as sink:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=dict(env) if env is not None else None, cwd=cwd, process_group=0, errors="replace",
        )  # fmt: skip
        try:
            with step(label, last_line):
                for line in process.stdout or ():
                    sink.write(line)
                    tail.append(line.strip())
                code = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
    return code, log.read_text(errors="replace")
