"""How the user calls this program again: what messages and hints are to name."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from local.layout import DEFAULT_PORT, PORT_VARIABLE, STATE_VARIABLE, Layout


def python() -> str:
    """This interpreter, as it is reached from the current folder."""
    on_path = shutil.which("python")
    if on_path and os.path.realpath(on_path) == os.path.realpath(sys.executable) and _same_packages(on_path):
        return "python"
    here = Path.cwd()
    return os.path.relpath(sys.executable, here) if Path(sys.executable).is_relative_to(here) else sys.executable


def _same_packages(on_path: str) -> bool:
    """Whether it is of the same environment: a virtual environment's Python is a link to the system's."""
    return Path(on_path).parent.resolve() == Path(sys.executable).parent.resolve()


def invocation(layout: Layout, argv: list[str] | None = None) -> str:
    """`python -m local` as this very local cloud is reached from the current folder."""
    options = []
    if layout.state != layout.checkout / ".local" and str(layout.state) != os.environ.get(STATE_VARIABLE):
        options += ["--state", str(layout.state)]
    if str(layout.port) != os.environ.get(PORT_VARIABLE, str(DEFAULT_PORT)):
        options += ["--port", str(layout.port)]
    return shlex.join([python(), "-m", "local", *options, *(argv or [])])
