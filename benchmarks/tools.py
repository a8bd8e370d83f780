"""What is measured and what it is measured against: commands, the daemon behind one of them, and our own library."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ecr.oci import copying
from ecr.oci.registry import Location, Registry
from ecr.oci.session import Session
from local import cache, docker_daemon
from local.console import run_logged
from local.errors import LocalError, Unavailable
from local.layout import Layout
from local.venvs import last_error
from tests.registries import servers
from tests.registries.servers import Server

ROOT = Path(__file__).resolve().parent.parent
CRANE = "v0.22.1"
CRANE_PACKAGE = "github.com/google/go-containerregistry/cmd/crane"

# The child of a large process begins with that one's peak; hence a small one in between.
_PEAK = (
    "import os, sys\n"
    "pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)\n"
    "_, status, usage = os.wait4(pid, 0)\n"
    "print(usage.ru_maxrss)\n"
    "sys.exit(os.waitstatus_to_exitcode(status))\n"
)


@dataclass(frozen=True)
class Image:
    """A tag in a repository of a registry."""

    server: Server
    repository: str
    tag: str = "v1"

    def __str__(self) -> str:
        return f"{self.server.host}/{self.repository}:{self.tag}"

    def location(self, *, put_manifest_rate: float | None = None) -> Location:
        registry = Registry(self.server.base_url, self.server.host, put_manifest_rate=put_manifest_rate)
        return Location(registry, self.repository, f"{self.server.host}/{self.repository}")


def _nothing(_source: Image, _target: Image) -> None:
    pass


@dataclass(frozen=True)
class Tool:
    """Something that copies images; `forget` removes what it keeps of them."""

    name: str
    copy: Callable[[Image, Image], object]
    forget: Callable[[Image, Image], object] = _nothing


@dataclass(frozen=True)
class Runner:
    """Runs commands with nothing of the user's: no Docker credentials, no AWS settings."""

    environ: Mapping[str, str]

    @classmethod
    def apart(cls, folder: Path) -> Runner:
        """With an empty Docker configuration in `folder`."""
        return cls({**servers.passed_on(), "HOME": str(folder), "DOCKER_CONFIG": str(folder)})

    def __call__(self, *command: str) -> str:
        """Its stdout.

        Raises:
            Unavailable: it failed; says how.
        """
        done = subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"{' '.join(command)} failed: {last_error(done.stderr)}")
        return done.stdout

    def peak_bytes(self, *command: str) -> int:
        """The most memory that the command had resident."""
        unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of either
        return int(self(sys.executable, "-I", "-S", "-c", _PEAK, *command).splitlines()[-1]) * unit


@dataclass(frozen=True)
class Commands:
    """The command lines that copy one image."""

    crane_path: str
    skopeo_path: str

    def ours(self, source: Image, target: Image) -> tuple[str, ...]:
        return (sys.executable, "-m", "ecr", "copy", str(source), str(target))

    def crane(self, source: Image, target: Image) -> tuple[str, ...]:
        return (self.crane_path, "copy", str(source), str(target))

    def skopeo(self, source: Image, target: Image) -> tuple[str, ...]:
        return (
            *(self.skopeo_path, "copy", "--insecure-policy", "--all", "--preserve-digests"),
            *("--src-tls-verify=false", "--dest-tls-verify=false"),
            *(f"docker://{source}", f"docker://{target}"),
        )


def commands(layout: Layout) -> Commands:
    """All that is needed, installed.

    Raises:
        Unavailable: one is not there and can't be installed.
    """
    return Commands(str(_crane(layout)), servers.have("skopeo", "skopeo", layout.logs / "apt.log"))


def in_this_process(source: Image, target: Image) -> None:
    """What `pulumi up` does: a session and a copy, in a program that runs already."""
    with Session() as session:
        copying.copy(source.location(), source.tag, target.location(), target.tag, session=session)


@contextmanager
def docker(layout: Layout, runner: Runner) -> Iterator[Tool | str]:
    """pull, tag and push through a daemon of our own; or why there is none."""
    if sys.platform != "linux" or os.geteuid() != 0:
        yield "a private Docker daemon needs Linux and root"
        return
    daemon = docker_daemon.PrivateDocker(layout)
    try:
        daemon.start()
    except LocalError as error:
        yield str(error)
        return
    client = (shutil.which("docker") or "docker", "-H", daemon.host)

    def copy(source: Image, target: Image) -> None:
        runner(*client, "pull", "--quiet", str(source))
        runner(*client, "tag", str(source), str(target))
        runner(*client, "push", "--quiet", str(target))

    def forget(source: Image, target: Image) -> None:
        runner(*client, "rmi", "--force", str(source), str(target))

    try:
        yield Tool("docker pull, tag, push", copy, forget)
    finally:
        daemon.stop()


def _crane(layout: Layout) -> Path:
    name = f"crane-{CRANE}-{platform.system()}_{platform.machine()}".lower()
    return cache.entry(layout.cache, name, lambda draft: _build_crane(draft, layout.logs)) / "crane"


def _build_crane(draft: Path, logs: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise Unavailable("crane is built with Go, which is not installed")
    command = [go, "install", f"{CRANE_PACKAGE}@{CRANE}"]
    # Not below a go.mod: with `@version` the module's own decides.
    code, output = run_logged(
        command, f"building crane {CRANE} with Go", logs / "crane.log", env={**os.environ, "GOBIN": str(draft)}
    )
    if code:
        raise Unavailable(f"crane {CRANE} can't be built: {last_error(output)}")
