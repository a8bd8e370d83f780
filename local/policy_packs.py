"""What the engine needs to run this project's policy pack: its Python environment, and the program that starts it.

The engine (3.256.0, `resource/plugin/analyzer_plugin.go`) starts a pack in Python through the language host where there
is one, as with the official CLI. Without one it starts `pulumi-analyzer-policy-python ENGINE . -virtualenv=...` in the
folder of the pack; that is what is written here, since the official one comes with the CLI's download only.
"""

# ruff: noqa: PLC0415 - loaded where needed: most runs check no policies

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local import venvs
from local.console import say
from local.errors import BadInput, LocalError
from local.layout import Layout, from_environment

PACK = "policies"
ANALYZER = "policy-python"
EXECUTABLE = f"pulumi-analyzer-{ANALYZER}"

# The engine gives the runtime's options of PulumiPolicy.yaml as arguments, of which `pulumi.policy` takes none.
_SCRIPT = """#!/bin/sh
# Starts the policy pack in this folder for the engine. Written by local/policy_packs.py.
python=python3
for argument in "$@"; do
  case $argument in -virtualenv=*) python=${argument#-virtualenv=}/bin/python ;; esac
done
command -v "$python" >/dev/null || {
  echo "error: the policy pack $PWD has no $python: run pulumi install in its folder" >&2
  exit 1
}
exec "$python" -u -m pulumi.policy "$1" "$2"
"""


@dataclass(frozen=True)
class Pack:
    """What an operation is held to.

    Attributes:
        folder: of the pack, the value of `--policy-pack`.
        levels: the level file, the value of `--policy-pack-config`.
    """

    folder: Path
    levels: Path


def of_stack(layout: Layout, stack: str) -> Pack:
    """This project's pack with the levels of a stack, ready to be run.

    Raises:
        BadInput: the stack has no level file, or one with a mistake.
        Unavailable: the pack's packages can't be installed.
    """
    from policies.rules.levels import problems

    folder = layout.checkout / PACK
    levels = folder / "levels" / f"{stack}.json"
    name = levels.relative_to(layout.checkout)
    if not levels.exists():
        raise BadInput(f'{name}: there is no such file; it says what the policies do, such as {{"all": "mandatory"}}')
    if found := list(problems(levels.read_text(encoding="utf-8"))):
        raise BadInput("\n".join(f"{name}: {problem}" for problem in found))
    ensure(layout)
    return Pack(folder, levels)


def ensure(layout: Layout) -> Path:
    """The interpreter with the pack's packages, made on first use as `policies/.venv`.

    A folder of that name, which `pulumi install` makes, is left as it is.

    Raises:
        Unavailable: pip or the index failed; the log is named.
    """
    pack = layout.checkout / PACK
    environment = pack / ".venv"
    if environment.is_symlink() or not environment.exists():
        made = venvs.python_with(layout, "policies", pack / "requirements.txt").parent.parent
        if not environment.exists() or environment.resolve() != made:
            draft = pack / f".venv.{os.getpid()}"
            draft.unlink(missing_ok=True)
            draft.symlink_to(made)
            draft.replace(environment)
    return environment / "bin" / "python"


def install(layout: Layout) -> Path:
    """A folder for PATH with what starts a policy pack in Python, for an engine that has no language host."""
    target = layout.plugins / ANALYZER
    target.mkdir(parents=True, exist_ok=True)
    script = target / EXECUTABLE
    if not script.exists() or script.read_text() != _SCRIPT:  # a running shell reads its script as it goes
        script.write_text(_SCRIPT)
    script.chmod(0o755)
    return target


def analyzers(layout: Layout) -> list[Mapping[str, str]]:
    """The entries for `plugins.analyzers` of `Pulumi.yaml`: unlike on PATH, it is used there without a warning."""
    return [{"name": ANALYZER, "path": str(install(layout))}]


def main() -> int:
    """Have the pack's environment made, for the checks that need its packages; prints the interpreter."""
    try:
        layout = from_environment(os.environ)
        layout.prepare()
        sys.stdout.write(f"{ensure(layout)}\n")
    except LocalError as error:
        say(f"error: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
