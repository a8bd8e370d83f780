"""Plugins for the plain `pulumi` command of a shell that uses the local cloud: what `python -m local env` installs.

They go where the command looks for downloaded ones, into `PULUMI_HOME`: for a plugin on PATH it prints a warning each
time ("using ... from $PATH"). See `getPluginInfoAndPath` of the engine,
https://github.com/pulumi/pulumi/blob/v3.256.0/sdk/go/common/workspace/plugins.go.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.layout import Layout
from local.providers import DYNAMIC, LANGUAGE, STAND_INS, Provider, real_home, write_script
from local.pulumi_cli import Engine


def install(
    layout: Layout, providers: Sequence[Provider], engine: Engine, environ: Mapping[str, str]
) -> tuple[Path, ...]:
    """Write the scripts of what the machine has no real plugin for.

    Args:
        layout: whose `pulumi_home` gets the scripts.
        providers: the chosen providers of the local cloud.
        engine: the `pulumi` that will look for them.
        environ: the caller's.

    Returns:
        Folders to put on PATH: of real plugins in the user's own `PULUMI_HOME`, which the command is not given here.
    """
    scripts = {
        f"resource-{one.package}-v{importlib.metadata.version(f'pulumi_{one.package}')}": STAND_INS[one.package]
        for one in providers
        if one.real is None
    }
    version = engine.version
    if not _bundled(f"pulumi-language-{LANGUAGE[0]}", engine, environ):
        scripts[f"language-{LANGUAGE[0]}-v{version}"] = LANGUAGE[1]
    if not _bundled(f"pulumi-resource-{DYNAMIC[0]}", engine, environ):
        scripts[f"resource-{DYNAMIC[0]}-v{version}"] = DYNAMIC[1]
    for name, module in scripts.items():
        write_script(layout, layout.pulumi_home / "plugins" / name / f"pulumi-{name.rpartition('-v')[0]}", module)
    home = real_home(environ)
    return tuple(one.real.parent for one in providers if one.real is not None and home in one.real.parents)


def _bundled(name: str, engine: Engine, environ: Mapping[str, str]) -> bool:
    """Whether the machine has a real one: on PATH, or beside the command, as the official release has it."""
    return (
        shutil.which(name, path=environ.get("PATH", "")) is not None or (engine.path.resolve().parent / name).exists()
    )
