"""MiniStack: AWS's APIs and a real registry on one local port.

It keeps its content in memory and writes it to the state directory on SIGTERM only: stopped in order it comes back
with its images, killed it comes back as it was at its last orderly stop. `identity` tells two runs apart, so that a
stack whose cloud has been restarted under it is refreshed before its next operation.
"""

from __future__ import annotations

import json
import os
import socket
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.console import say, step
from local.errors import DiskFull, LocalError, disk_full_in
from local.invocation import python
from local.layout import Layout
from local.processes import POLL_S, Process, Record, port_owner, spawn
from local.venvs import python_with

HEALTH = "/_ministack/health"
READY_DEADLINE_S = 60.0  # measured: 2 s; a loaded CI machine is slower
STOP_GRACE_S = 60.0  # it writes every layer it holds, as base64
REQUEST_TIMEOUT_S = 5.0
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")


@dataclass(frozen=True)
class Emulator:
    """The emulator of one local cloud."""

    layout: Layout

    @property
    def _record(self) -> Record:
        return Record(self.layout.run / "emulator.json")

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.layout.logs / "emulator.log"

    def running(self) -> Process | None:
        """Our emulator's process on our port, whether or not it answers yet."""
        process = self._record.running()
        return process if process and self._record.facts().get("port") == str(self.layout.port) else None

    def healthy(self) -> bool:
        """Whether our emulator runs and answers."""
        return self.running() is not None and answers(self.layout.port)

    def identity(self) -> str:
        """A text that changes whenever the emulator is started anew; empty when it does not run."""
        process = self.running()
        return f"{process.pid}-{process.started}" if process else ""

    def start(self) -> None:
        """Have it running and answering.

        Raises:
            Unavailable: it cannot be installed.
            LocalError: the port is someone else's, or it did not come up in time.
        """
        if self.running():
            if not answers(self.layout.port):
                self._wait_ready()
            return
        elsewhere = self._record.running()
        if elsewhere:
            raise LocalError(
                f"this local cloud ({self.layout.state}) runs on port {self._record.facts().get('port')}, not "
                f"{self.layout.port}: stop it first with `{python()} -m local --state {self.layout.state} down`, "
                "or leave the port as it is"
            )
        check_port(self.layout.port)
        interpreter = python_with(self.layout, "emulator")
        with step(f"starting the AWS emulator on 127.0.0.1:{self.layout.port}"):
            process = spawn([str(interpreter), "-m", "ministack"], self._environment(), self.log)
            self._record.write(process, port=str(self.layout.port))
            self._wait_ready()

    def stop(self) -> str | None:
        """Stop it so that it keeps its content; what was stopped, or None when nothing ran."""
        process = self._record.running()
        if not process:
            self._record.remove()
            return None
        before = self.log.stat().st_size if self.log.exists() else 0
        orderly = process.stop(grace_s=STOP_GRACE_S)
        self._record.remove()
        with suppress(OSError), self.log.open(errors="replace") as log:
            log.seek(before)
            if disk_full_in(log.read()):  # it logs that, and ends as if all were well
                say(f"the disk is full: the emulator's content of this run could not be kept; see {self.log}")
        return f"AWS emulator (pid {process.pid})" + ("" if orderly else ", killed: its content of this run is lost")

    def _environment(self) -> dict[str, str]:
        """Only what it needs: none of the caller's AWS or Docker variables, all files below the state directory."""
        home = self.layout.emulator
        for name in ("tmp", "s3"):
            (home / name).mkdir(parents=True, exist_ok=True)
        return {
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "BIND_HOST": "127.0.0.1",  # its default is every interface
            "GATEWAY_PORT": str(self.layout.port),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(home / "state"),
            "S3_DATA_DIR": str(home / "s3"),
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{home}/no-docker.sock",  # it must not start containers of its own
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_DEADLINE_S
        while not answers(self.layout.port):
            if not self._record.running():
                self._record.remove()
                raise self._failed("ended while starting")
            if time.monotonic() > deadline:
                raise self._failed(f"does not answer on port {self.layout.port} after {READY_DEADLINE_S:.0f} s")
            time.sleep(POLL_S)

    def _failed(self, what: str) -> LocalError:
        with suppress(OSError):
            text = self.log.read_text(errors="replace")[-4000:]
            if disk_full_in(text):
                return DiskFull(str(self.layout.emulator))
            if "already in use" in text:
                return port_in_use(self.layout.port)
        return LocalError(f"the AWS emulator {what}; see {self.log}")


def answers(port: int) -> bool:
    """Whether a MiniStack answers on this port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{HEALTH}", timeout=REQUEST_TIMEOUT_S) as response:
            return isinstance(json.load(response), dict)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def check_port(port: int) -> None:
    """Raise one line that names the port and whoever listens on it, if anyone does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise port_in_use(port) from None


def port_in_use(port: int) -> LocalError:
    """The one line for a port that is not ours."""
    owner = port_owner(port)
    by = f" by {owner}" if owner else " by another process"
    return LocalError(
        f"port {port} is in use{by}: stop it, or choose another port with `{python()} -m local --port N up`"
    )
