"""A Docker daemon: the one that runs, else a private one below the state directory."""

# ruff: noqa: PLC0415 - loaded where needed: the Docker SDK takes 0.4 s, and a stack that builds nothing does without
# ruff: noqa: S603, S607 - commands of our own as lists, no shell

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local import debian
from local.console import say, step
from local.errors import DiskFull, LocalError, Unavailable, disk_full_in
from local.layout import Layout
from local.processes import Process, Record, all_pids, command_line, identify, spawn, wait_until

DEFAULT_SOCKETS = (Path("/var/run/docker.sock"), Path.home() / ".docker/run/docker.sock")
PING_TIMEOUT_S = 5.0
READY_DEADLINE_S = 60.0
STOP_GRACE_S = 30.0  # dockerd gives its containers 10 s to end


@dataclass(frozen=True)
class Daemon:
    """A Docker daemon that answers."""

    host: str  # fit for DOCKER_HOST
    private: bool


@dataclass(frozen=True)
class PrivateDocker:
    """The local cloud's own `dockerd`: its data below the state directory, its sockets in a short path."""

    layout: Layout

    @property
    def host(self) -> str:
        """Where it listens, fit for DOCKER_HOST."""
        return f"unix://{self.layout.docker_run}/docker.sock"

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.layout.logs / "dockerd.log"

    @property
    def _record(self) -> Record:
        return Record(self.layout.run / "dockerd.json")

    def running(self) -> bool:
        """Whether it runs and answers."""
        return self._record.running() is not None and ping(self.host)

    def start(self) -> Daemon:
        """Have it running and answering; a dead one is cleared away first.

        Raises:
            Unavailable: this machine cannot run one; says what to do.
        """
        if self.running():
            return Daemon(self.host, private=True)
        if self._record.read() or self.layout.docker_run.exists():
            say("the private Docker daemon does not answer: clearing it away and starting it again")
            self.stop()
        binary = _dockerd(self.layout)
        self.layout.docker_run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.layout.docker_data.mkdir(parents=True, exist_ok=True)
        (self.layout.docker_run / "daemon.json").write_text(
            "{}"
        )  # and not the machine's, which may contradict the flags
        with step("starting a private Docker daemon"):
            process = spawn([str(binary), *self._flags()], dict(os.environ), self.log)
            self._record.write(process)
            if not wait_until(lambda: ping(self.host) or not process.alive(), READY_DEADLINE_S) or not process.alive():
                raise self._failed()
        return Daemon(self.host, private=True)

    def stop(self) -> str | None:
        """End it with its containers and containerd; what was stopped, or None when nothing ran."""
        process = self._record.running()
        if process:
            process.stop(grace_s=STOP_GRACE_S)
        left = [*self._leftovers()]
        for orphan in left:
            orphan.stop(grace_s=5)
        self._unmount()
        shutil.rmtree(self.layout.docker_run, ignore_errors=True)
        self._record.remove()
        if process:
            return f"private Docker daemon (pid {process.pid})"
        return f"{len(left)} processes of a dead private Docker daemon" if left else None

    def _flags(self) -> list[str]:
        run = self.layout.docker_run
        # No bridge and no iptables: neither is to be had in most containers and CI machines, and no container here
        # needs a network (docs: `docker run --network none`).
        return [
            "--data-root", str(self.layout.docker_data), "--exec-root", str(run / "exec"), "-H", self.host,
            "--pidfile", str(run / "dockerd.pid"), "--config-file", str(run / "daemon.json"),
            "--iptables=false", "--ip6tables=false", "--bridge=none",
        ]  # fmt: skip

    def _leftovers(self) -> Iterator[Process]:
        """containerd, its shims, and their containers: known by our run directory, which no one else names."""
        mark = f"{self.layout.docker_run}/"
        roots = {pid for pid in all_pids() if mark in command_line(pid)}
        for pid in sorted(_with_descendants(roots)):
            process = identify(pid)
            if process and pid != os.getpid():
                yield process

    def _unmount(self) -> None:
        """A killed daemon leaves the file systems of its containers mounted."""
        with suppress(OSError):
            points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
            # The data directory itself is one: dockerd binds it to itself.
            homes = (self.layout.docker_run, self.layout.docker_data)
            ours = [point for point in points if any(Path(point).is_relative_to(home) for home in homes)]
            if ours:
                subprocess.run(["umount", "-l", *reversed(ours)], check=False, capture_output=True)

    def _failed(self) -> LocalError:
        text = self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""
        self.stop()
        if disk_full_in(text):
            return DiskFull(str(self.layout.docker_data))
        last = next((line for line in reversed(text.splitlines()) if line.strip()), "no reason given")
        return Unavailable(f"a private Docker daemon does not start here: {last.strip()[:300]}; see {self.log}")


def find(layout: Layout, environ: Mapping[str, str]) -> Daemon | None:
    """A daemon that answers already: the environment's, the current context's, the usual socket's, our own.

    Raises:
        LocalError: `DOCKER_HOST` names one that does not answer: the user chose it, so nothing is put in its place.
    """
    private = PrivateDocker(layout)
    chosen = environ.get("DOCKER_HOST")
    if chosen and chosen != private.host:
        if not ping(chosen):
            raise LocalError(f"DOCKER_HOST={chosen}: nobody answers there; start that daemon, or unset DOCKER_HOST")
        return Daemon(chosen, private=False)
    if private.running():
        return Daemon(private.host, private=True)
    for host in (_context_host(environ), *(f"unix://{path}" for path in DEFAULT_SOCKETS)):
        if host and ping(host):
            return Daemon(host, private=False)
    return None


def ensure(layout: Layout, environ: Mapping[str, str]) -> Daemon:
    """A daemon that answers, started if need be.

    Raises:
        Unavailable: none runs and none can be started here; says what to do.
    """
    found = find(layout, environ)
    if found:
        return found
    for path in DEFAULT_SOCKETS:
        if path.exists():
            say(f"{path} is there but no Docker daemon answers on it (not ours: left as it is)")
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Unavailable(
            "no Docker daemon answers; start Docker (a private one needs Linux and root) and run this again"
        )
    return PrivateDocker(layout).start()


def ping(host: str) -> bool:
    """Whether a Docker daemon answers at `host`."""
    if host.startswith("unix://") and not Path(host.removeprefix("unix://")).is_socket():
        return False  # the common case, without loading the SDK
    import docker
    import requests

    try:
        client = docker.DockerClient(base_url=host, timeout=int(PING_TIMEOUT_S))
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (docker.errors.DockerException, requests.RequestException, OSError):
        return False


def _context_host(environ: Mapping[str, str]) -> str | None:
    """The endpoint of the docker command's current context; its file format is what the Docker SDK reads, too."""
    import hashlib

    home = Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        name = environ.get("DOCKER_CONTEXT") or json.loads((home / "config.json").read_text()).get("currentContext")
        if not name or name == "default":
            return None
        meta = home / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
        return str(json.loads(meta.read_text())["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError):
        return None


def _dockerd(layout: Layout) -> Path:
    found = shutil.which("dockerd")
    if not found:
        if not debian.available():
            raise Unavailable(
                "no Docker daemon answers and `dockerd` is not installed; install Docker and run this again"
            )
        # From Debian 13 on, the client has a package of its own.
        debian.install(["docker.io"], layout.logs / "apt.log", if_known=["docker-cli"])
        found = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/usr/bin")
    if not found:
        raise Unavailable("Debian's docker.io is installed, but there is no `dockerd` on PATH")
    return Path(found)


def _with_descendants(roots: set[int]) -> set[int]:
    parents: dict[int, int] = {}
    for pid in all_pids():
        with suppress(OSError, ValueError, IndexError):
            parents[pid] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found
