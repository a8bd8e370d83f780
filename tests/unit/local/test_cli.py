"""The command line's contracts: exit codes, stdout, one line per failure."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local import cli, pulumi_cli, report
from local.cloud import LocalCloud
from local.errors import (
    AnswerIsNo,
    BadInput,
    DiskFull,
    EngineFailed,
    Interrupted,
    LocalError,
    PolicyViolated,
    ProgramRefused,
    Unavailable,
)
from local.layout import Layout, default_checkout

EXIT_CODES = {
    AnswerIsNo("x"): 1,
    BadInput("x"): 2,
    ProgramRefused("x"): 2,
    ProgramRefused("x", exit_code=1): 1,
    LocalError("x"): 3,
    EngineFailed("x"): 3,
    PolicyViolated("x"): 1,
    Unavailable("x"): 3,
    DiskFull("x"): 3,
    Interrupted(2): 130,
    Interrupted(15): 143,
}

BAD = {
    "unknown stack": (["up", "test"], "there is no Pulumi.test.yaml"),
    "malformed override": (["up", "-c", "x"], "-c x: expected KEY=VALUE"),
    "malformed override of a preview": (["preview", "dev", "-c", ".=x"], "'.' is not a key"),
    "unknown stack to destroy": (["destroy", "dev", "test"], "there is no Pulumi.test.yaml"),
    "unknown stack's outputs": (["outputs", "test"], "there is no Pulumi.test.yaml"),
    "bad port": (["--port", "x", "status"], "--port is 'x'"),
}


@pytest.mark.parametrize(("error", "code"), EXIT_CODES.items(), ids=repr)
def test_exit_codes_are_a_contract(error: LocalError, code: int) -> None:
    assert error.exit_code == code


WRONG_TYPES = {
    "a word for a flag": ("scanOnPush=maybe", "container-registry:scanOnPush: "),
    "YAML 1.1's yes": ("forceDelete=yes", "container-registry:forceDelete: "),
    "a number for a list": ("lifecycle=5", "container-registry:lifecycle: "),
    "a word for an object": ("build=x", "container-registry:build: "),
}


@pytest.mark.parametrize("command", ["up", "preview"])
@pytest.mark.parametrize(("setting", "problem"), WRONG_TYPES.values(), ids=WRONG_TYPES)
def test_a_wrong_type_is_the_programs_refusal_with_its_value(
    *,
    command: str,
    setting: str,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(LocalCloud, "start", lambda *_, **__: pytest.fail("started"))
    assert cli.main(["--state", str(tmp_path / "s"), command, "dev", "-c", setting]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: {problem}")
    assert setting.partition("=")[2] in printed


def test_a_checked_in_stack_file_passes_the_programs_rules(layout: Layout) -> None:
    cloud = LocalCloud(replace(layout, checkout=default_checkout()))
    cloud.check(["dev", "staging", "prod"], ["lifecycle=[{keep: 3}]", "scanOnPush=false", "tags={a: b}"])


def test_outputs_of_a_stack_that_was_never_deployed_ask_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pulumi_cli, "find", lambda *_: pytest.fail("looked for an engine"))
    assert cli.main(["--state", str(tmp_path / "s"), "outputs", "staging"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: stack staging has not been deployed here: ")
    assert printed.err.endswith("up staging\n")
    assert not (tmp_path / "s").exists()


def test_a_python_without_the_packages_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-S", "-m", "local", "--state", str(tmp_path / "s"), "status"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=default_checkout())
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == (
        "error: the program's packages are not installed for this Python: "
        "run `make up`, or use .venv/bin/python -m local\n"
    )


@pytest.mark.parametrize(("argv", "problem"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_exit_code_2_and_starts_nothing(
    argv: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(LocalCloud, "start", lambda *_, **__: pytest.fail("started"))
    assert cli.main(["--state", str(tmp_path / "s"), *argv]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert problem in printed.err
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "s").exists()


def test_down_with_nothing_there_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--state", str(tmp_path / "s"), "down"]) == 0
    assert capsys.readouterr().err == "nothing was running\n"


def test_wipe_removes_the_state_and_only_ours(layout: Layout) -> None:
    assert cli.main(["--state", str(layout.state), "down", "--wipe"]) == 0
    assert not layout.state.exists()
    foreign = layout.state.parent / "foreign"
    foreign.mkdir()
    assert cli.main(["--state", str(foreign), "down", "--wipe"]) == 2
    assert foreign.exists()


def test_env_of_a_stopped_cloud_prints_nothing_to_eval(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--state", str(layout.state), "env"]) == 1
    assert capsys.readouterr().out == ""


def test_an_operating_system_error_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/state/x")

    monkeypatch.setattr(LocalCloud, "stop", full)
    assert cli.main(["--state", str(tmp_path), "down"]) == 3
    assert capsys.readouterr().err.startswith("error: the disk is full: no space left while writing /state/x")


def test_outputs_are_aligned() -> None:
    assert report.aligned({"a": "x", "long_name": ["y"]}) == ["a          x", 'long_name  ["y"]']


def test_json_is_sorted() -> None:
    assert list(json.loads(report.as_json({"b": 1, "a": Path("/x")}))) == ["a", "b"]


def test_next_steps_carry_the_digest_and_the_options_of_this_cloud(layout: Layout) -> None:
    uri = "localhost:4599/dev/app@sha256:" + "0" * 64
    steps = "\n".join(report.next_steps(layout, {"image_uri": uri}, region="eu-west-1"))
    assert f"docker pull {uri}" in steps
    assert f"--state {layout.state} --port 4599 env)" in steps
    assert "-m ecr status" in steps


def test_next_steps_of_a_stack_without_an_image_name_no_image(layout: Layout) -> None:
    steps = "\n".join(report.next_steps(layout, {"repository_name": "prod/app"}, region="eu-west-1"))
    assert "docker" not in steps
    assert "aws ecr describe-repositories --region eu-west-1 --repository-names prod/app" in steps
