"""Which provider plugins the engine uses: real ones where the machine has them, else this project's stand-ins.

A stand-in is a short script in the state directory, named in the `plugins:` of the generated `Pulumi.yaml`. Putting it
on PATH would work, too, but then the engine prints a warning per plugin and operation ("using ... from $PATH").
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.layout import Layout
from local.processes import Process, command_line, identify, started_at

STAND_INS = {"aws": "local.plugins.aws", "docker": "local.plugins.docker"}
# Dynamic resources are served by the SDK itself, whichever engine runs: it must be this interpreter, which has the
# project's packages, and not the `python3` on PATH that the official CLI's own script would start.
DYNAMIC = ("pulumi-python", "pulumi.dynamic")
# Runs the program for the plain `pulumi` command; `python -m local` serves it by itself.
LANGUAGE = ("python", "local.plugins.language_python")


@dataclass(frozen=True)
class Provider:
    """One package's plugin."""

    package: str
    real: Path | None  # where a real plugin was found; None: the stand-in serves

    def __str__(self) -> str:
        return f"{self.package}: {self.real or 'stand-in'}"


def real_home(environ: Mapping[str, str]) -> Path:
    """The user's `PULUMI_HOME`."""
    return Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def select(environ: Mapping[str, str]) -> tuple[Provider, ...]:
    """For each package the real plugin of this machine, if it has one: on PATH, then in `PULUMI_HOME`."""
    return tuple(Provider(package, _real(package, environ)) for package in sorted(STAND_INS))


def uses_real_home(providers: tuple[Provider, ...], environ: Mapping[str, str]) -> bool:
    """Whether a real plugin lies in the user's `PULUMI_HOME`, which the engine must then be given."""
    home = real_home(environ)
    return any(provider.real is not None and home in provider.real.parents for provider in providers)


def _real(package: str, environ: Mapping[str, str]) -> Path | None:
    name = f"pulumi-resource-{package}"
    on_path = shutil.which(name, path=environ.get("PATH", ""))
    if on_path:
        return Path(on_path)
    installed = sorted((real_home(environ) / "plugins").glob(f"resource-{package}-v*/{name}"))
    return next((path for path in reversed(installed) if os.access(path, os.X_OK)), None)


def install(layout: Layout, providers: tuple[Provider, ...]) -> list[dict[str, str]]:
    """Write the stand-ins' scripts; the entries for `plugins.providers` of `Pulumi.yaml`."""
    wanted = {provider.package: STAND_INS[provider.package] for provider in providers if provider.real is None}
    wanted[DYNAMIC[0]] = DYNAMIC[1]
    entries = []
    for package, module in sorted(wanted.items()):
        folder = layout.plugins / package
        write_script(layout, folder / f"pulumi-resource-{package}", module)
        entries.append({"name": package, "path": str(folder)})
    return entries


def write_script(layout: Layout, script: Path, module: str) -> None:
    """Write the script that starts one stand-in, for the engine to run."""
    script.parent.mkdir(parents=True, exist_ok=True)
    _write_once(script, wrapper(layout, module))
    script.chmod(0o755)
    (layout.run / "plugins").mkdir(parents=True, exist_ok=True)


def wrapper(layout: Layout, module: str) -> str:
    """The script that the engine starts as a plugin. It leaves its pid behind: see `orphans`."""
    quoted = {name: shlex.quote(str(value)) for name, value in (
        ("python", sys.executable), ("checkout", layout.checkout), ("run", layout.run / "plugins"))}  # fmt: skip
    return (
        "#!/bin/sh\n"
        f"PYTHONPATH={quoted['checkout']} export PYTHONPATH\n"
        f": > {quoted['run']}/$$ || exit 1\n"
        f'exec {quoted["python"]} -u -m {module} "$@"\n'
    )


def orphans(layout: Layout) -> list[Process]:
    """Plugins that still run although their engine is gone: when the engine is killed, nobody tells them.

    A pid file counts only while a process with that pid serves one of our modules and was there before the file.
    """
    found = []
    for record in sorted((layout.run / "plugins").glob("*")):
        pid = int(record.name) if record.name.isdecimal() else 0
        process, begun = identify(pid), started_at(pid)
        modules = (*STAND_INS.values(), DYNAMIC[1], LANGUAGE[1])
        ours = any(f"-m {module}" in command_line(pid) for module in modules)
        if process and ours and begun is not None and begun <= record.stat().st_mtime + 1:
            found.append(process)
        else:
            record.unlink(missing_ok=True)
    return found


def _write_once(path: Path, text: str) -> None:
    """Not rewritten when it is right: a running shell reads its script as it goes."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
