from __future__ import annotations

import typing
from pathlib import Path

import pytest

from ecr.cli import app, completing, loading
from tests.unit.ecr.cli.projects import Deploy
from tests.unit.ecr.cli.running import Shell

REGIONS = ["eu-west-1", "eu-west-2", "eu-west-3"]


@pytest.fixture
def project(deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three stacks, one with a file that is no stack file; `pulumi` is not there to be asked."""
    deploy({})
    (tmp_path / "bin" / "pulumi").unlink()
    for stack in ("dev", "staging"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(f"config:\n  container-registry:repository: {stack}/yoon-app\n")
    (tmp_path / "Pulumi.broken.yaml").write_text("[")
    monkeypatch.setenv(completing.VARIABLE, "1")
    return tmp_path


def offered(shell: Shell, *words: str) -> list[str]:
    ran = shell(*words)
    assert (ran.code, ran.err) == (0, "")
    return [line.partition("\t")[0] for line in ran.out.splitlines()]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([""], list(app.COMMANDS), id="commands"),
        pytest.param([], list(app.COMMANDS), id="no-word-at-all"),
        pytest.param(["life"], ["lifecycle"], id="one-command"),
        pytest.param(["lifecycle", "e"], ["explain"], id="command-of-a-group"),
        pytest.param(["status", "--"], ["--json", "--stack", "--profile", "--help"], id="options"),
        pytest.param(["status", "--st"], ["--stack"], id="one-option"),
        pytest.param(["completion", ""], ["bash", "zsh", "fish"], id="choices"),
        pytest.param(["completion", "z"], ["zsh"], id="one-choice"),
        pytest.param(["status", "--stack", ""], ["broken", "dev", "staging"], id="stacks"),
        pytest.param(["status", "-s", "d"], ["dev"], id="short-option"),
        pytest.param(["status", "--stack", "dev", "--stack", "s"], ["staging"], id="repeated"),
        pytest.param(["status", "--stack=s"], ["--stack=staging"], id="equals-in-one-word"),
        pytest.param(["status", "--stack", "="], ["broken", "dev", "staging"], id="equals-in-two-words"),
        pytest.param(["status", "--stack", "=", "s"], ["staging"], id="equals-in-three-words"),
        pytest.param(["status", "--stack", "x"], [], id="no-such-stack"),
        pytest.param(["lifecycle", "simulate", "--repository", ""], ["dev/yoon-app", "staging/yoon-app"], id="repos"),
        pytest.param(["lifecycle", "simulate", "--region", "eu-west-"], REGIONS, id="regions"),
        pytest.param(["scan", "x", "--max-severity", "M"], ["MEDIUM"], id="severities"),
        pytest.param(["lifecycle", "simulate", "--policy", "x"], [], id="files-are-left-to-the-shell"),
        pytest.param(["verify", "a", "b", "--pl"], ["--plain-http"], id="behind-arguments"),
        pytest.param(["manifest", "s"], ["staging"], id="stack-as-argument"),
        pytest.param(["cpoy", ""], list(app.COMMANDS), id="behind-a-misspelt-command"),
    ],
)
def test_what_may_come_next(words: list[str], expected: list[str], shell: Shell) -> None:
    assert offered(shell, *words) == expected


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("option", ["--stack", "--repository", "--region"])
def test_every_command_completes_what_all_commands_name_alike(option: str, shell: Shell) -> None:
    asked = 0
    for name, later in app.app.commands.items():
        command = typing.cast("loading.Later", later).load()
        if any(option in parameter.opts for parameter in command.params):
            asked += 1
            assert offered(shell, name, option, ""), name
    assert asked > 1


def test_outside_of_a_project_there_are_no_names(project: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "Pulumi.yaml").unlink()
    monkeypatch.chdir(project)
    assert offered(shell, "status", "--stack", "") == []
    assert offered(shell, "lifecycle", "simulate", "--repository", "") == []


EVIL = (
    "evil$(touch pwned)",
    "evil`touch pwned`",
    "evil;touch pwned",
    "evil dev",
    "evil\x1b[31m",
    "evil\n",
    "evil\udcff",
    "evil'",
)


def test_only_proper_names_are_offered(project: Path, shell: Shell) -> None:
    for name in EVIL:
        (project / f"Pulumi.{name}.yaml").write_text("config:\n  container-registry:repository: dev/evil\n")
    for number, name in enumerate(("Evil", "evil$(touch pwned)", "evil\\e[31m")):
        (project / f"Pulumi.bad{number}.yaml").write_text(f'config:\n  container-registry:repository: "{name}"\n')
    assert offered(shell, "status", "--stack", "") == ["bad0", "bad1", "bad2", "broken", "dev", "staging"]
    assert offered(shell, "status", "--stack", "evil") == []
    assert offered(shell, "lifecycle", "simulate", "--repository", "") == ["dev/yoon-app", "staging/yoon-app"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("word", ["--\x1b[31m=", "--stack\udcff=", "--stack=\x1b", "\udcff"])
def test_what_is_typed_comes_back_in_no_other_form(word: str, shell: Shell) -> None:
    assert offered(shell, "status", word) == []


@pytest.mark.usefixtures("project")
def test_a_word_comes_with_one_line_about_it(shell: Shell) -> None:
    assert shell("stat").out == f"status\t{app.COMMANDS['status']}\n"
