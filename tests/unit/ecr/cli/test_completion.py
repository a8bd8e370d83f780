"""The scripts, read by the shells themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ecr.cli import app
from ecr.cli.completion import Shell as Name
from ecr.cli.completion import script
from ecr.errors import ExitCode
from local.errors import Unavailable, may_skip
from tests.registries import servers
from tests.unit.ecr.cli.running import ROOT, Shell

COMMANDS = {
    Name.BASH: ["bash", "--norc", "-c"],
    Name.ZSH: ["zsh", "-f", "-c"],
    Name.FISH: ["fish", "--no-config", "-c"],
}
# bash is everywhere; the others come from Debian's packages.
SHELLS = [pytest.param(name, marks=[] if name is Name.BASH else [pytest.mark.installed]) for name in Name]
BASH = """
source "$SCRIPT"
complete -p ecr
COMP_WORDS=(ecr "$@") COMP_CWORD=$#
_ecr_completion
printf '%s\\n' "${COMPREPLY[@]}"
"""


def installed(name: Name, log: Path) -> None:
    """Install a shell that is missing; where that can't be, skip with the reason, but not in CI."""
    try:
        servers.have(name, name, log)
    except Unavailable as error:
        if not may_skip(error, ci=os.environ.get("CI") == "true"):
            raise
        pytest.skip(f"{name} can't be had here: {error.reason}")


def run(name: Name, text: str, *arguments: str, cwd: Path, root: Path = ROOT, python: str = sys.executable) -> str:
    """Have a shell run `text`, with the script for it in the file `$SCRIPT`."""
    installed(name, cwd / "apt.log")
    path = cwd / "script"
    path.write_text(script(name, root=str(root), python=python))
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "FPATH")}
    environ = {**clean, "SCRIPT": str(path), "HOME": str(cwd), "XDG_CONFIG_HOME": str(cwd), "TERM": "dumb"}
    after = [] if name is Name.FISH else [name]
    done = subprocess.run(
        [*COMMANDS[name], text, *after, *arguments],
        cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project elsewhere, with a module that has the name of ours."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    for name in ("Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).write_text("")
    (tmp_path / "ecr.py").write_text("raise SystemExit('the wrong module')")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["stat"], ["status"], id="command"),
        pytest.param(["status", "--s"], ["--stack"], id="option"),
        pytest.param(["completion", ""], ["bash", "zsh", "fish"], id="choices"),
        pytest.param(["status", "--stack", ""], ["dev", "prod"], id="stacks"),
        pytest.param(["status", "--stack", "=", "p"], ["prod"], id="stack-behind-equals"),
        pytest.param(["verify", "x"], [""], id="nothing"),
    ],
)
def test_bash_completes(words: list[str], expected: list[str], folder: Path) -> None:
    told, *found = run(Name.BASH, BASH, *words, cwd=folder).splitlines()
    assert told == "complete -o default -F _ecr_completion ecr"
    assert found == expected


HOSTILE = "evil$(touch pwned) `touch pwned`; touch pwned"
# In the place of the program: a later one, or another one, may offer anything.
STAND_IN = f"""#!/bin/sh
printf '%s\\tabout\\n' '{HOSTILE}'
"""
ENTER = """
source "$SCRIPT"
COMP_WORDS=(ecr status --stack "") COMP_CWORD=3
_ecr_completion
eval "printf '%s\\n' ${COMPREPLY[0]}"   # what the return key does with what was inserted
"""


def test_bash_runs_nothing_of_what_is_offered(folder: Path) -> None:
    stand_in = folder / "stand-in"
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    assert run(Name.BASH, ENTER, cwd=folder, python=str(stand_in)) == f"{HOSTILE}\n"
    assert not (folder / "pwned").exists()


def test_bash_is_offered_no_stack_with_a_command_in_its_name(folder: Path) -> None:
    (folder / "Pulumi.evil$(touch pwned).yaml").write_text("")
    _, *found = run(Name.BASH, BASH, "status", "--stack", "", cwd=folder).splitlines()
    assert found == ["dev", "prod"]


@pytest.mark.installed
def test_fish_is_offered_no_stack_with_a_command_in_its_name(folder: Path) -> None:
    (folder / "Pulumi.evil(touch pwned).yaml").write_text("")
    (folder / "Pulumi.evil\x1b[31m.yaml").write_text("")
    found = run(Name.FISH, "source $SCRIPT; complete -C 'ecr status --stack '", cwd=folder).splitlines()
    assert found == ["dev", "prod"]
    assert not (folder / "pwned").exists()


@pytest.mark.installed
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("ecr stat", [f"status\t{app.COMMANDS['status']}"], id="command"),
        pytest.param("ecr status --stack ", ["dev", "prod"], id="stacks"),
        pytest.param("ecr status --stack=p", ["--stack=prod"], id="stack-behind-equals"),
        pytest.param("ecr lifecycle simulate --policy Pulumi.p", ["Pulumi.prod.yaml"], id="files"),
    ],
)
def test_fish_completes(line: str, expected: list[str], folder: Path) -> None:
    assert run(Name.FISH, f"source $SCRIPT; complete -C {line!r}", cwd=folder).splitlines() == expected


ZSH = """
_describe() { print -rl -- "${(@P)3}" }   # in the place of the one that draws menus
_files() { print files }
compdef() { print -r -- "$@" }
source "$SCRIPT"
words=(ecr "$@") CURRENT=$(( $# + 1 ))
_ecr_completion
"""


@pytest.mark.installed
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["stat"], [f"status:{app.COMMANDS['status']}"], id="command"),
        pytest.param(["status", "--stack", ""], ["dev", "prod"], id="stacks"),
        pytest.param(["status", "--stack=p"], ["--stack=prod"], id="stack-behind-equals"),
        pytest.param(["lifecycle", "simulate", "--policy", "x"], ["files"], id="files"),
    ],
)
def test_zsh_completes(words: list[str], expected: list[str], folder: Path) -> None:
    told, *found = run(Name.ZSH, ZSH, *words, cwd=folder).splitlines()
    assert told == "_ecr_completion ecr"
    assert found == expected


@pytest.mark.parametrize("name", SHELLS)
def test_the_command_runs_from_anywhere_and_from_a_folder_of_any_name(name: Name, folder: Path) -> None:
    root = folder / "it's $HOME \\ here"
    root.symlink_to(ROOT)
    text = 'function compdef\n true\nend\nsource "$SCRIPT"; ecr --help' if name is Name.FISH else (
        'compdef() { true; }; source "$SCRIPT"; ecr --help'
    )  # fmt: skip
    assert "python -m ecr status" in run(name, text, cwd=folder, root=root)


@pytest.mark.parametrize("name", Name)
def test_the_command_prints_the_script_of_this_folder(name: Name, shell: Shell) -> None:
    ran = shell("completion", name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == script(name, root=str(ROOT), python=sys.executable)


def test_another_shell_is_refused(shell: Shell) -> None:
    ran = shell("completion", "tcsh")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert "Invalid value for 'SHELL'" in ran.err
