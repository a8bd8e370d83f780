"""What the engine needs to run this project's policy pack: its Python environment, and the program that starts it.

The engine (3.256.0, `resource/plugin/analyzer_plugin.go`) starts a pack in Python through the language host where there
is one, as with the official CLI. Without one it starts `pulumi-analyzer-policy-python ENGINE . -virtualenv=...` in the
folder of the pack; that is what is written here, since the official one comes with the CLI's download only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local import venvs
from local.layout import Layout

ANALYZER = "policy-python"
EXECUTABLE = f"pulumi-analyzer-{ANALYZER}"

# The engine gives the runtime's options of PulumiPolicy.yaml as arguments, of which `pulumi.policy` takes none.
_SCRIPT = """#!/bin/sh
# Starts the policy pack in this folder for the engine. Written by local/policy_packs.py.
python=python3
for argument in "$@"; do
  case $argument in -virtualenv=*) python=${argument#-virtualenv=}/bin/python ;; esac
done
exec "$python" -u -m pulumi.policy "$1" "$2"
"""


def folder(checkout: Path) -> Path:
    """Where the pack lies: the value of `--policy-pack`."""
    return checkout / "policies"


def levels(checkout: Path, stack: str) -> Path:
    """What the pack's policies do in a stack: the value of `--policy-pack-config`."""
    return folder(checkout) / "levels" / f"{stack}.json"


def ensure(layout: Layout) -> Path:
    """The interpreter with the pack's packages, made on first use as `policies/.venv`.

    A folder of that name, which `pulumi install` makes, is left as it is.

    Raises:
        Unavailable: pip or the index failed; the log is named.
    """
    pack = folder(layout.checkout)
    environment = pack / ".venv"
    if environment.is_symlink() or not environment.exists():
        made = venvs.python_with(layout, "policies", pack / "requirements.txt").parent.parent
        if not environment.exists() or environment.resolve() != made:
            draft = pack / f".venv.{made.name}"
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
    """The entries for `plugins.analyzers` of `Pulumi.yaml`: named there, it is used without the warning that PATH gets."""
    return [{"name": ANALYZER, "path": str(install(layout))}]
