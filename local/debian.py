"""Debian packages: installed when a tool is missing, or only unpacked into a directory."""

# ruff: noqa: S603 - commands of our own as lists, no shell

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local import cache
from local.console import run_logged, say
from local.errors import Unavailable
from local.lock import FileLock
from local.venvs import last_error

POLICY = Path("/usr/sbin/policy-rc.d")  # asked by every package before it starts a service; 101 means no
NO_SERVICES = (
    "#!/bin/sh\n# container-registry: no service is to be started by a package; removed afterwards\nexit 101\n"
)
# apt waits for nobody who reads or writes its lists, and `POLICY` is one file.
LOCK = Path("/run/lock/container-registry-apt.lock")


def available() -> bool:
    """Whether this is a Debian-like machine on which this user may install packages."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(packages: Sequence[str], log: Path, *, if_known: Sequence[str] = ()) -> None:
    """Install packages, and those of `if_known` that this release has, without starting the services that they bring.

    Raises:
        Unavailable: apt failed; the log is named.
    """
    with FileLock(LOCK, say=say).held(), _no_services():
        _apt(["update"], "apt-get update", log)
        wanted = [*packages, *(name for name in if_known if _known(name))]
        _apt(["install", "-y", "--no-install-recommends", *wanted], f"apt-get install {' '.join(wanted)}", log)
        if Path("/run/systemd/system").is_dir():
            # Not started now; not to be started at the next boot either. It was not there before us.
            run_logged(["systemctl", "disable", "docker.service", "docker.socket", "containerd.service"],
                       "leaving the system's Docker service off", log)  # fmt: skip


def unpack(packages: Sequence[str], root: Path, work: Path, log: Path) -> dict[str, str]:
    """Download packages and the libraries that they need, and unpack them below `root`; their versions by name.

    Nothing is installed on this machine.

    Raises:
        Unavailable: apt failed; the log is named.
    """
    work.mkdir(parents=True, exist_ok=True)
    with FileLock(LOCK, say=say).held():
        _apt(["update"], "apt-get update", log)
        wanted = sorted({*packages, *_libraries(packages)})
        # As root: apt would give up its rights for the download, to a user that may not write here.
        fetch = ["-o", "APT::Sandbox::User=root", "download", *wanted]
        _apt(fetch, f"downloading {len(wanted)} Debian packages", log, work)
    versions = {}
    for archive in sorted(work.glob("*.deb")):
        unpacked = _output(["dpkg-deb", "-x", str(archive), str(root)], f"unpacking {archive.name}")
        cache.check_space(unpacked, root)
        name, version = _output(
            ["dpkg-deb", "-W", "--showformat=${Package} ${Version}", str(archive)], "reading"
        ).split()
        versions[name] = version
    return versions


def _known(package: str) -> bool:
    """Whether apt could install it."""
    asked = subprocess.run(["apt-cache", "show", "--quiet", package], capture_output=True, check=False)  # noqa: S607
    return asked.returncode == 0 and bool(asked.stdout.strip())


def _libraries(packages: Sequence[str]) -> set[str]:
    """The library packages that `packages` need, directly or through another library."""
    found: set[str] = set()
    todo = list(packages)
    while todo:
        listed = _output(["apt-cache", "depends", "-i", *todo], "asking apt for libraries")
        needed = {
            line.split()[-1] for line in listed.splitlines() if line.strip().startswith(("Depends:", "PreDepends:"))
        }
        todo = sorted(name for name in needed - found if name.startswith(("lib", "zlib")))
        found |= set(todo)
    return found


def _output(argv: list[str], what: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        cache.check_space(done.stderr, Path("/var"))
        raise Unavailable(f"{what} failed: {last_error(done.stderr)}")
    return done.stdout


def _apt(arguments: list[str], label: str, log: Path, cwd: Path | None = None) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    code, output = run_logged(["apt-get", *arguments], label, log, env=env, cwd=cwd)
    if code:
        cache.check_space(output, Path("/var"))
        raise Unavailable(f"{label} failed: {last_error(output)}; see {log}")


@contextmanager
def _no_services() -> Iterator[None]:
    ours = not POLICY.exists() or POLICY.read_text() == NO_SERVICES
    if ours:
        POLICY.write_text(NO_SERVICES)
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)
