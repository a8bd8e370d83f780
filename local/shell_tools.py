"""Commands for a shell that uses the local cloud: `aws` and `pulumi`, where the machine has none that fits."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from local.layout import Layout
from local.pulumi_cli import Engine
from local.venvs import python_with


def path_entry(layout: Layout, engine: Engine | None, environ: Mapping[str, str]) -> Path | None:
    """The folder to put on PATH; None when everything is there already. Installs the aws command on first use.

    Args:
        layout: whose state directory gets the folder.
        engine: the one that the local cloud uses; None when it has never been needed.
        environ: the caller's.
    """
    path = environ.get("PATH", "")
    folder = layout.state / "bin"
    commands = {}
    if not shutil.which("aws", path=path):
        commands["aws"] = f"{shlex.quote(str(python_with(layout, 'awscli')))} -m awscli"
    if engine is not None and shutil.which("pulumi", path=path) != str(engine.path):
        commands["pulumi"] = shlex.quote(str(engine.path))
    for name, command in commands.items():
        _write(folder / name, f'#!/bin/sh\nexec {command} "$@"\n')
    return folder if commands else None


def _write(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(script)
    draft.chmod(0o755)
    draft.replace(path)  # at once: another shell may be running it
