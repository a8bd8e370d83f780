"""The aws command: the one on PATH, else a pinned one in the cache."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from local.layout import Layout
from local.venvs import python_with


def path_entry(layout: Layout, environ: Mapping[str, str]) -> Path | None:
    """The folder to put on PATH for the aws command; None when it is there already. Installs it on first use."""
    if shutil.which("aws", path=environ.get("PATH", "")):
        return None
    python = python_with(layout, "awscli")
    folder = layout.state / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"aws.{os.getpid()}"
    draft.write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} -m awscli "$@"\n')
    draft.chmod(0o755)
    draft.replace(folder / "aws")  # at once: another shell may be running it
    return folder
