"""Long-lived processes: start them detached, remember them, find them again, end them.

A process is known by its pid *and* its start time: a pid alone may belong to someone else by the time it is used.
"""

# ruff: noqa: S603, S607 - commands of our own as lists, no shell

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

POLL_S = 0.05
PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One process of this machine, past or present."""

    pid: int
    started: str  # opaque: clock ticks since boot and the boot's id on Linux, a date elsewhere

    def alive(self) -> bool:
        """Whether this very process still runs. A zombie does not."""
        _reap(self.pid)
        return start_time(self.pid) == self.started

    def send(self, signum: int) -> None:
        """Send a signal, unless it is gone."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signum)

    def wait_gone(self, deadline_s: float) -> bool:
        """Wait until it is gone; false when it is still there after `deadline_s`."""
        return wait_until(lambda: not self.alive(), deadline_s)

    def stop(self, *, grace_s: float, signum: int = signal.SIGTERM) -> bool:
        """Ask it to end, wait, and kill it after `grace_s`. False when it had to be killed."""
        self.send(signum)
        if self.wait_gone(grace_s):
            return True
        self.send(signal.SIGKILL)
        self.wait_gone(10)
        return False


def identify(pid: int) -> Process | None:
    """The running process with this pid."""
    started = start_time(pid)
    return Process(pid, started) if started else None


def start_time(pid: int) -> str | None:
    """When the process with this pid started; None when there is none, or only its zombie."""
    if pid <= 0:
        return None
    if PROC.joinpath("self", "stat").exists():
        try:
            # The command name, in brackets, may itself hold blanks and brackets: count from the last one.
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else f"{fields[19]}@{_boot_id()}"
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    status, _, started = listed.stdout.strip().partition(" ")
    return started.strip() if status and not status.startswith("Z") else None


def _boot_id() -> str:
    with suppress(OSError):
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    return ""


def _reap(pid: int) -> None:
    """Collect our own dead child, else it stays a zombie for as long as this process runs."""
    with suppress(ChildProcessError, OSError):
        os.waitpid(pid, os.WNOHANG)


def started_at(pid: int) -> float | None:
    """Wall-clock start time in seconds (accurate to a tick, Linux only); None when it is gone, or only its zombie."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        boot = next(line for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime "))
    except (OSError, StopIteration):
        return None
    return None if fields[0] in "ZX" else int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def command_line(pid: int) -> str:
    """The command line of a running process, or an empty string (another user's, gone, not Linux)."""
    with suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def all_pids() -> Iterator[int]:
    """Every pid of the machine (Linux only; elsewhere none)."""
    if PROC.is_dir():
        yield from (int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal())


def wait_until(condition: Callable[[], bool], deadline_s: float) -> bool:
    """Poll until `condition` holds; false when it does not by the deadline."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def spawn(argv: Sequence[str], env: Mapping[str, str], log: Path) -> Process:
    """Start a background process in a session of its own, its output appended to `log`.

    Not `subprocess.Popen`: that object complains when it is dropped while its process runs, which is the point here.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        argv[0],
        list(argv),
        dict(env),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM],
    )
    return Process(pid, start_time(pid) or "ended at once")


class Record:
    """A file that remembers one process and a few facts about it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, process: Process, **facts: str) -> None:
        """Remember this process in place of any other."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps({**asdict(process), "facts": facts}))
        draft.replace(self.path)

    def read(self) -> Process | None:
        """The recorded process, whether it still runs or not."""
        content = self._content()
        try:
            return Process(int(str(content["pid"])), str(content["started"]))
        except (KeyError, ValueError):
            return None

    def facts(self) -> dict[str, str]:
        """What was noted about it."""
        facts = self._content().get("facts")
        return {str(key): str(value) for key, value in facts.items()} if isinstance(facts, dict) else {}

    def running(self) -> Process | None:
        """The recorded process, if it still runs."""
        process = self.read()
        return process if process and process.alive() else None

    def remove(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)

    def _content(self) -> dict[str, object]:
        try:
            content = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def port_owner(port: int) -> str | None:
    """`pid 1234 (its command line)` of the process that listens on this TCP port, if it can be told (Linux)."""
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        with suppress(OSError):
            for line in (PROC / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:  # 0A: listening
                    inodes.add(f"socket:[{fields[9]}]")
    for pid in all_pids() if inodes else ():
        with suppress(OSError):
            if any(str(fd.readlink()) in inodes for fd in (PROC / str(pid) / "fd").iterdir()):
                return f"pid {pid} ({command_line(pid)[:120]})"
    return None
