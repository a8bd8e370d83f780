"""Tools that need a Python environment of their own, pinned and hashed, in the cache."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from local import cache
from local.console import run_logged
from local.errors import Unavailable
from local.layout import Layout


def python_with(layout: Layout, tool: str, requirements: Path | None = None) -> Path:
    """The interpreter of an environment that holds `local/requirements-TOOL.txt`, or what is given; made on first use.

    The environment is renamed into place once it is whole, which breaks the scripts in its `bin` (their first line
    names the old place) but not the interpreter: run tools with `-m`.

    Raises:
        Unavailable: pip or the index failed; the log is named.
    """
    requirements = requirements or Path(__file__).parent / f"requirements-{tool}.txt"
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    name = f"{tool}-py{sys.version_info.major}.{sys.version_info.minor}-{key}"

    def make(draft: Path) -> None:
        log = layout.logs / f"install-{tool}.log"
        interpreter = str(draft / "bin" / "python")
        _run([sys.executable, "-m", "venv", str(draft)], f"making an environment for {tool}", log, tool)
        install = [interpreter, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--require-hashes",
                   "--only-binary", ":all:", "-r", str(requirements)]  # fmt: skip
        pinned = f"{requirements.parent.name}/{requirements.name}"
        _run(install, f"installing {tool} (pinned in {pinned})", log, tool)

    return cache.entry(layout.cache, name, make) / "bin" / "python"


def _run(argv: list[str], label: str, log: Path, tool: str) -> None:
    # A Python path or home of the caller's would leak its packages into the new environment.
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    code, output = run_logged(argv, label, log, env=env)
    if code:
        cache.check_space(output, log)
        hint = " (Debian: apt-get install python3-venv)" if "ensurepip" in output else ""
        raise Unavailable(f"could not install {tool}{hint}: {last_error(output)}; see {log}")


def last_error(output: str) -> str:
    """The line of a failed command's output that most likely says why."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no output"])[-1][:300]
