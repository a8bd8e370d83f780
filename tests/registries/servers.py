"""The registries that the tests run against: started on a free port, ended by their process."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import boto3
import urllib3

from local import debian
from local.emulator import Emulator
from local.errors import Unavailable
from local.layout import from_environment
from local.processes import PROC, all_pids, command_line, spawn, wait_until

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

REGION = "ap-northeast-2"
ACCOUNT = "000000000000"  # MiniStack's own
READY_DEADLINE_S = 20.0
STOP_GRACE_S = 10.0
USERNAME = "reader"
PASSWORD = "only for tests"
# The password's bcrypt hash at the lowest cost; distribution takes no other kind (its documentation, "htpasswd").
HTPASSWD = "reader:$2b$04$fxJTTQJUUcC3iDKOeAWXbuxuwcjlpbVEJfyrUuOkck9UhyDORu9Am\n"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")
MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory (man 7 shm_overview)
STORED = "container-registry-tests-"


@dataclass(frozen=True)
class Server:
    """A registry that runs."""

    port: int
    storage: Path | None = None  # distribution's files; None where they can't be got at
    guarded: bool = False  # whether it wants a name and a password

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"http://{self.host}"

    def blob_file(self, digest: str) -> Path:
        """Where distribution keeps a blob or a manifest."""
        assert self.storage is not None
        name = digest.removeprefix("sha256:")
        return self.storage / "docker/registry/v2/blobs/sha256" / name[:2] / name / "data"


@dataclass(frozen=True)
class MiniStack(Server):
    """The ECR emulator: its registry and its API."""

    def client(self) -> ECRClient:
        return boto3.client(
            "ecr",
            region_name=REGION,
            endpoint_url=self.base_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def create(self, repository: str, mutability: str = "MUTABLE") -> str:
        """Create a repository with tags that are MUTABLE or IMMUTABLE; its name."""
        immutable = mutability == "IMMUTABLE"
        self.client().create_repository(
            repositoryName=repository, imageTagMutability="IMMUTABLE" if immutable else "MUTABLE"
        )
        return repository


def have(command: str, package: str, log: Path) -> str:
    """The path of a command, installed from Debian's package when this machine lets us.

    Raises:
        Unavailable: it is not there and can't be installed.
    """
    if shutil.which(command) is None:
        if not debian.available():
            raise Unavailable(f"{command} is not installed (Debian: apt-get install {package})")
        debian.install([package], log)
    found = shutil.which(command)
    if found is None:
        raise Unavailable(f"Debian's package {package} brought no {command}")
    return found


@contextmanager
def distribution(folder: Path, *, relative_urls: bool = False, password: bool = False) -> Iterator[Server]:
    """CNCF distribution with its files in `folder`, but for what is stored in it.

    Raises:
        Unavailable: it is not there and can't be installed.
    """
    command = have("docker-registry", "docker-registry", folder / "apt.log")
    (folder / "htpasswd").write_text(HTPASSWD)
    auth = {"auth": {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}} if password else {}
    path, log = folder / "config.json", folder / "registry.log"
    with in_memory(folder) as stored:
        server = Server(free_port(), stored, password)
        config = {
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(server.storage)},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {"addr": server.host, "relativeurls": relative_urls},
            **auth,
        }
        path.write_text(json.dumps(config))  # every JSON document is YAML
        process = spawn([*ends_with_us(), command, "serve", str(path)], passed_on(), log)
        try:
            ready = wait_until(lambda: answers(server) or not process.alive(), READY_DEADLINE_S)
            assert ready and process.alive(), f"docker-registry did not start: {log.read_text()[-2000:]}"  # noqa: PT018
            yield server
        finally:
            process.stop(grace_s=STOP_GRACE_S)
            left = naming(folder)
        assert not left, f"left running: {left}"


@contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """A folder that is gone afterwards: in memory, or where this machine has no such file system, in `otherwise`.

    Distribution keeps an image in hundreds of little files, on which the tests would spend half of their time. What
    runs that were killed have left is removed.
    """
    base = MEMORY if os.access(MEMORY, os.W_OK) else otherwise
    for old in base.glob(f"{STORED}*"):
        if not (PROC / old.name.removeprefix(STORED).partition("-")[0]).exists():
            shutil.rmtree(old, ignore_errors=True)
    with TemporaryDirectory(prefix=f"{STORED}{os.getpid()}-", dir=base) as folder:
        yield Path(folder)


@contextmanager
def ministack(folder: Path) -> Iterator[MiniStack]:
    """The ECR emulator, as the local cloud starts it.

    Raises:
        Unavailable: it can't be installed.
    """
    layout = from_environment(os.environ, state=folder / "state", port=free_port())
    layout.prepare()
    emulator = Emulator(layout)
    emulator.start()
    try:
        yield MiniStack(layout.port)
    finally:
        emulator.stop()
        left = naming(folder)
    assert not left, f"left running: {left}"


def passed_on() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def ends_with_us() -> list[str]:
    """Before a command: has it end when the tests are killed, where util-linux can do that."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "TERM"] if found else []


def answers(server: Server) -> bool:
    try:
        answer = urllib3.request("GET", f"{server.base_url}/v2/", timeout=5, retries=False)
    except urllib3.exceptions.HTTPError:
        return False
    return answer.status in (200, 401)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def naming(folder: Path) -> list[str]:
    """Processes, other than this one, with the folder in their command line or environment."""
    found = []
    for pid in all_pids():
        with suppress(OSError):  # gone, or another user's
            told = b"".join((PROC / str(pid) / name).read_bytes() for name in ("cmdline", "environ"))
            if pid != os.getpid() and os.fsencode(folder) in told:
                found.append(f"{pid} {command_line(pid)}")
    return found
