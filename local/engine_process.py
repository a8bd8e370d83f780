"""One run of the engine as a child process: streamed, remembered, and interrupted in order.

The SDK's own runner dies with the terminal's Ctrl-C and leaves the engine alone in the middle of its work. Here the
engine has a session of its own; a signal to this process is passed on to it, it finishes what it is doing, keeps its
checkpoint, and only then the command ends. Its pid is on record, so that the next command finds it if this process is
killed.
"""

# ruff: noqa: S603 - commands of our own as lists, no shell

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import IO

import pulumi.automation as auto
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from local.console import say
from local.errors import Interrupted
from local.layout import Layout
from local.processes import Process, Record, start_time, wait_until
from local.pulumi_cli import Engine

ORPHAN_GRACE_S = 20.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class EngineCommand(auto.PulumiCommand):
    """The SDK's handle on the CLI, with this project's way to run it."""

    def __init__(self, engine: Engine, layout: Layout, *, recorded: Callable[[], bool] = lambda: True) -> None:
        """`recorded` tells whether the pid of a run goes on record: only for whoever holds the local cloud's lock.

        There is one record, and a command that only reads, beside an `up`, must not take its place.
        """
        # The base class runs `pulumi version` here, a third of a second, for what `pulumi_cli` knows already.
        self.command = str(engine.path)
        self.version = VersionInfo.parse(engine.version)
        self._record = engine_record(layout)
        self._recorded = recorded

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], object] | None = None,
        on_error: Callable[[str], object] | None = None,
    ) -> auto.CommandResult:
        """Run one CLI command; see the base class.

        Raises:
            CommandError: the command failed.
            Interrupted: a signal came; the engine ended before this is raised.
        """
        env = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        process = subprocess.Popen(
            [self.command, "--non-interactive", *args], cwd=cwd, env=env, encoding="utf-8", errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        recorded = self._recorded()
        if recorded:
            self._record.write(Process(process.pid, start_time(process.pid) or ""))
        with _forwarding(process) as received:
            out, err = _collect(process, on_output, on_error)
        if recorded:
            self._record.remove()
        if received:
            raise Interrupted(received[0])
        result = auto.CommandResult(stdout=out, stderr=err, code=process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result


def engine_record(layout: Layout) -> Record:
    """Where the running engine's pid is kept."""
    return Record(layout.run / "engine.json")


def settle_orphan(layout: Layout) -> bool:
    """Wait for an engine whose command was killed, and end it if it does not; whether there was a trace of one."""
    record = engine_record(layout)
    process = record.read()
    if process is None:
        return False
    if process.alive():
        say(f"an engine (pid {process.pid}) is left of a command that was killed: waiting for it to end")
        if not process.wait_gone(ORPHAN_GRACE_S / 2):
            process.stop(grace_s=ORPHAN_GRACE_S, signum=signal.SIGINT)
    record.remove()
    return True


@contextmanager
def _forwarding(process: subprocess.Popen[str]) -> Iterator[list[int]]:
    """Pass SIGINT and SIGTERM on to the engine as SIGINT, which makes it cancel in order; a second one ends it."""
    received: list[int] = []

    def forward(signum: int, _frame: FrameType | None) -> None:
        received.append(signum)
        if len(received) == 1:
            say("stopping: the engine finishes what it is doing and keeps its state (again to end it at once)")
        process.send_signal(signal.SIGINT)

    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread may handle signals; whoever runs this elsewhere handles their own
        return
    before = {signum: signal.signal(signum, forward) for signum in STOP_SIGNALS}
    try:
        yield received
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _collect(
    process: subprocess.Popen[str], on_output: Callable[[str], object] | None, on_error: Callable[[str], object] | None
) -> tuple[str, str]:
    """Read both streams to their end and wait for the process."""
    texts: tuple[list[str], list[str]] = ([], [])

    def read(stream: IO[str], callback: Callable[[str], object] | None, lines: list[str]) -> None:
        with stream:
            for line in stream:
                lines.append(line.rstrip())
                if callback:
                    callback(lines[-1])

    readers = [
        threading.Thread(target=read, args=(stream, callback, lines), daemon=True)
        for stream, callback, lines in zip((process.stdout, process.stderr), (on_output, on_error), texts, strict=True)
    ]
    for reader in readers:
        reader.start()
    process.wait()
    # A plugin that outlives the engine may hold the pipes: its output is not worth waiting for.
    wait_until(lambda: not any(reader.is_alive() for reader in readers), 2)
    return "\n".join(texts[0]), "\n".join(texts[1])
