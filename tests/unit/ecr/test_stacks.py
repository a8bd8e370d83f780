from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from ecr import stacks
from ecr.errors import EcrError, ExitCode, InputError, RemoteError

Pulumi = Callable[[str], Path]


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    """Puts a `pulumi` on PATH that runs the given shell lines, after it has written down its arguments."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")

    def install(lines: str) -> Path:
        seen = tmp_path / "arguments"
        script = folder / "pulumi"
        script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$PWD" "$@" > {shlex.quote(str(seen))}\n{lines}\n')
        script.chmod(0o755)
        return seen

    return install


def answer(value: object) -> str:
    return f"echo {shlex.quote(json.dumps(value))}"


def test_the_stacks_are_named_as_pulumi_names_them(pulumi: Pulumi, tmp_path: Path) -> None:
    seen = pulumi(answer([{"name": "dev", "current": True}, {"name": "acme/prod", "current": False}]))
    assert stacks.names(tmp_path) == ("dev", "acme/prod")
    assert seen.read_text().splitlines() == [
        str(tmp_path),
        "stack",
        "ls",
        "--json",
        "--non-interactive",
        "--color=never",
    ]


def test_outputs_are_read_with_their_secrets_masked(pulumi: Pulumi, tmp_path: Path) -> None:
    seen = pulumi(answer({"image_tag": "v1.0.0", "token": "[secret]"}))
    assert stacks.outputs(tmp_path, "dev") == {"image_tag": "v1.0.0", "token": "[secret]"}
    assert "--show-secrets" not in seen.read_text()


def test_resources_are_those_of_the_exported_state_with_its_secrets_encrypted(pulumi: Pulumi, tmp_path: Path) -> None:
    seen = pulumi(answer({"version": 3, "deployment": {"resources": [{"type": "a"}]}}))
    assert stacks.resources(tmp_path, "dev") == [{"type": "a"}]
    asked = seen.read_text().splitlines()
    assert asked[1:4] == ["stack", "export", "--stack=dev"]
    assert "--show-secrets" not in asked


def test_a_state_holds_what_was_begun_too(pulumi: Pulumi, tmp_path: Path) -> None:
    deployment = {"resources": [], "pending_operations": [{"type": "creating"}]}
    pulumi(answer({"version": 3, "deployment": deployment}))
    assert stacks.state(tmp_path, "dev") == deployment


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"version": 3, "deployment": {}}, id="no-resources"),
        pytest.param({"version": 3, "deployment": {"resources": None}}, id="null"),
    ],
)
def test_a_stack_that_was_never_deployed_has_no_resources(state: object, pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi(answer(state))
    assert stacks.resources(tmp_path, "dev") == []


@pytest.mark.parametrize("state", [[], {}, {"deployment": 1}, {"deployment": {"resources": {}}}], ids=str)
def test_a_state_of_another_shape_is_an_error(state: object, pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi(answer(state))
    with pytest.raises(RemoteError, match="pulumi stack export has answered with something else"):
        stacks.resources(tmp_path, "dev")


def test_a_name_that_looks_like_an_option_is_none(pulumi: Pulumi, tmp_path: Path) -> None:
    seen = pulumi(answer({}))
    stacks.outputs(tmp_path, "--show-secrets")
    assert "--stack=--show-secrets" in seen.read_text().splitlines()


@pytest.mark.parametrize(
    ("lines", "code", "message"),
    [
        pytest.param(
            "echo 'error: no stack named x found' >&2; exit 6",
            ExitCode.BAD_INPUT,
            "--stack=x: no stack named x found; `pulumi stack ls` lists the stacks",
            id="no-such-stack",
        ),
        pytest.param(
            "echo 'error: PULUMI_ACCESS_TOKEN must be set' >&2; exit 3",
            ExitCode.REMOTE,
            "pulumi stack output failed: PULUMI_ACCESS_TOKEN must be set; sign in with `pulumi login`, or set "
            "PULUMI_BACKEND_URL and what that backend asks for",
            id="not-signed-in",
        ),
        pytest.param(
            "echo 'error: unknown flag' >&2; exit 2",
            ExitCode.BAD_INPUT,
            "pulumi stack output: unknown flag",
            id="configuration",
        ),
        pytest.param(
            "echo 'warning: old' >&2; printf 'error: one\\nerror: two\\x1b\\n' >&2; exit 1",
            ExitCode.REMOTE,
            r"pulumi stack output failed: one; two\x1b",
            id="several-lines",
        ),
        pytest.param("kill -9 $$", ExitCode.REMOTE, "pulumi stack output failed: no reason given", id="killed"),
        pytest.param(
            "echo 'error: can not reach s3://me:hunter2@bucket/x' >&2; exit 1",
            ExitCode.REMOTE,
            "pulumi stack output failed: can not reach s3://***@bucket/x",
            id="password-in-an-address",
        ),
        pytest.param("echo 'not json'", ExitCode.REMOTE, "has answered with something else", id="not-json"),
        pytest.param("echo '[]'", ExitCode.REMOTE, "has answered with something else", id="not-an-object"),
    ],
)
def test_what_pulumi_refuses_becomes_one_line_and_an_exit_code(
    pulumi: Pulumi, tmp_path: Path, lines: str, code: ExitCode, message: str
) -> None:
    pulumi(lines)
    with pytest.raises(EcrError) as refused:
        stacks.outputs(tmp_path, "x")
    assert refused.value.exit_code is code
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_long_reason_is_shortened(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi("printf 'error: %05000d\\n' 0 >&2; exit 1")
    with pytest.raises(RemoteError) as refused:
        stacks.names(tmp_path)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("stack", ["", "dev\0", "dev\udcff"], ids=ascii)
def test_a_name_that_would_mean_another_stack_or_none_is_never_asked_for(
    stack: str, pulumi: Pulumi, tmp_path: Path
) -> None:
    seen = pulumi(answer({}))
    for ask in (stacks.outputs, stacks.state):
        with pytest.raises(InputError, match=r"^stack: .* is no stack's name; `pulumi stack ls` lists the stacks$"):
            ask(tmp_path, stack)
    assert not seen.exists()


@pytest.mark.parametrize("value", [{}, [1], [{"name": 1}], [{}], [{"name": ""}], [{"name": "a\0"}]], ids=ascii)
def test_a_list_of_stacks_of_another_form_is_an_error_and_not_an_empty_list(
    pulumi: Pulumi, tmp_path: Path, value: object
) -> None:
    pulumi(answer(value))
    with pytest.raises(RemoteError, match="check that `pulumi version` is 3"):
        stacks.names(tmp_path)


def test_without_pulumi_the_message_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="pulumi: there is no such command; install it"):
        stacks.names(tmp_path)


def test_a_pulumi_that_can_not_be_run_is_named(pulumi: Pulumi, tmp_path: Path) -> None:
    seen = pulumi("")
    (seen.parent / "bin" / "pulumi").write_text("neither a script nor a program")
    with pytest.raises(InputError, match="pulumi: can't be run: "):
        stacks.names(tmp_path)


def test_a_pulumi_that_does_not_answer_is_given_up(
    pulumi: Pulumi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "TIMEOUT_S", 0.2)
    pulumi("exec sleep 60")
    with pytest.raises(RemoteError, match="has not answered in 0 s") as refused:
        stacks.names(tmp_path)
    assert refused.value.temporary
