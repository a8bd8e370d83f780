"""Which Pulumi CLI (the engine) is used: PATH, the cache, the official installer, or a build with Go; in this order."""

# ruff: noqa: PLC0415 - loaded where needed: the Pulumi SDK takes a second, and a warm start does without
# ruff: noqa: S603 - commands of our own as lists, no shell

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local import cache, engine_build
from local.console import say, step
from local.engine_build import PINNED
from local.errors import DiskFull, disk_full_in
from local.layout import Layout

MINIMUM = (3, 256, 0)  # what Pulumi.yaml's requiredPulumiVersion asks for; a test holds the two together
INSTALLER = "https://get.pulumi.com/install.sh"
PROBE_TIMEOUT_S = 5.0
VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Engine:
    """A Pulumi CLI that fits the SDK."""

    path: Path
    version: str
    origin: str  # for the user: where it came from


def find(layout: Layout, environ: Mapping[str, str]) -> Engine | None:
    """The engine of this machine, if it has one: nothing is downloaded or built."""
    on_path = shutil.which("pulumi", path=environ.get("PATH", ""))
    if on_path:
        version = version_of(Path(on_path))
        if fits(version):
            return Engine(Path(on_path), version, "on PATH")
        say(f"{on_path} is skipped: version {version or 'unknown'}; {'.'.join(map(str, MINIMUM))} or newer is needed")
    for name, origin in ((_official_name(), "official release, cached"), (_built_name(), "built with Go, cached")):
        binary = layout.cache / name / "bin" / "pulumi"
        if binary.exists():
            return Engine(binary, name.split("-")[2].removeprefix("v"), origin)
    return None


def ensure(layout: Layout, environ: Mapping[str, str]) -> Engine:
    """The engine, installed or built if need be.

    Raises:
        Unavailable: none of the ways worked; `refused` when the module proxy would not serve the build.
    """
    found = find(layout, environ)
    if found:
        return found
    problem = _install(layout)
    if problem:
        say(f"the official Pulumi installer is skipped: {problem}")
        binary = cache.entry(layout.cache, _built_name(), lambda draft: engine_build.build(draft, layout.logs))
        return Engine(binary / "bin" / "pulumi", PINNED, "built with Go")
    return Engine(layout.cache / _official_name() / "bin" / "pulumi", _sdk_version(), "official release")


def version_of(binary: Path) -> str:
    """What `pulumi version` says; empty when it says nothing of use."""
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            [str(binary), "version"], capture_output=True, text=True, check=False, timeout=30, env=env
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().removeprefix("v")


def fits(version: str) -> bool:
    """Whether the SDK and this project accept the version. Another major version has another protocol."""
    match = VERSION.match(version)
    if not match:
        return False
    found = tuple(int(part) for part in match.groups())
    return found[0] == MINIMUM[0] and found >= MINIMUM


def _install(layout: Layout) -> str:
    """Use the official installer; an empty text, or why that did not work."""
    try:
        request = urllib.request.Request(INSTALLER, method="HEAD")
        with urllib.request.urlopen(request, timeout=PROBE_TIMEOUT_S):  # noqa: S310 - a constant https address
            pass
    except urllib.error.HTTPError as error:
        return f"get.pulumi.com answers {error.code}"
    except (urllib.error.URLError, OSError) as error:
        return f"get.pulumi.com is out of reach ({getattr(error, 'reason', error)})"

    import pulumi.automation as auto

    def make(draft: Path) -> None:
        with step("installing Pulumi with the official installer"):
            auto.PulumiCommand.install(root=str(draft))

    try:
        cache.entry(layout.cache, _official_name(), make)
    except subprocess.CalledProcessError as error:
        output = (error.output or b"").decode(errors="replace")
        if disk_full_in(output):
            raise DiskFull(str(layout.cache)) from error
        return output.strip().splitlines()[-1][:200] if output.strip() else str(error)
    except (urllib.error.URLError, auto.InvalidVersionError) as error:
        return str(error)
    return ""


def _sdk_version() -> str:
    from importlib.metadata import version

    return version("pulumi")


def _official_name() -> str:
    return f"engine-official-v{_sdk_version()}-{_platform()}"


def _built_name() -> str:
    return f"engine-go-v{PINNED}-{engine_build.recipe()}-{_platform()}"


def _platform() -> str:
    return f"{platform.system()}_{platform.machine()}".lower()
