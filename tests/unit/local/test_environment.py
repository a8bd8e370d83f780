"""Everything points at the local cloud, and nothing at a real account."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from local import environment
from local.layout import Layout

REAL = {
    "AWS_PROFILE": "prod",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
    "AWS_ENDPOINT_URL_ECR": "https://ecr.example",
    "PULUMI_ACCESS_TOKEN": "real",
    "PULUMI_BACKEND_URL": "https://backend.example",
    "DOCKER_CONTEXT": "remote",
}


def test_no_variable_of_a_real_account_reaches_the_engine(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    values = environment.engine(layout, docker_host="unix:///d", pulumi_home=layout.pulumi_home, environ={})
    with environment.applied(values):
        inside = dict(os.environ)
    assert not [name for name, value in REAL.items() if inside.get(name) == value]
    assert inside["AWS_ENDPOINT_URL"] == "http://localhost:4599"
    assert inside["AWS_CONFIG_FILE"] == inside["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert inside["PULUMI_BACKEND_URL"] == f"file://{layout.backend}"
    assert "AWS_REGION" not in inside
    assert {name: os.environ[name] for name in REAL} == REAL


def test_the_environment_is_put_back_after_an_error(layout: Layout) -> None:
    before = dict(os.environ)
    values = environment.engine(layout, docker_host=None, pulumi_home=layout.pulumi_home, environ={})
    with pytest.raises(ZeroDivisionError), environment.applied(values):
        _ = 1 / 0
    assert dict(os.environ) == before


def test_a_shell_reads_the_exports_back_whatever_is_in_them() -> None:
    values = {"A": "plain", "B": 'it\'s "two" words; $(rm) `x` \\', "C": "line\nbreak", "D": ""}
    lines = environment.shell_lines(values, {}, path_entries=[Path("/a folder"), Path("/b")])
    script = "\n".join(lines) + '\nprintf "%s\\0" "$A" "$B" "$C" "$D" "$PATH"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/bin"})
    assert done.stdout.split("\0")[:-1] == [*values.values(), "/a folder:/b:/bin"]


def test_all_lines_are_exports_unless_the_shell_has_what_it_must_not_keep() -> None:
    assert all(line.startswith("export ") for line in environment.shell_lines({"A": "b"}, {"HOME": "/root"}))
    assert environment.shell_lines({"A": "b"}, {"AWS_PROFILE": "x"})[0] == "unset AWS_PROFILE"


def test_pulumi_in_the_shell_reads_the_local_clouds_stacks_and_no_others(layout: Layout) -> None:
    values = environment.shell(layout, docker_host=None, region="r", environ=REAL)
    assert values["PULUMI_BACKEND_URL"] == f"file://{layout.backend}"
    assert values["PULUMI_HOME"] == str(layout.pulumi_home)
    assert environment.shell_lines(values, {**REAL, "PULUMI_STACK": "prod"})[0] == (
        "unset AWS_ENDPOINT_URL_ECR AWS_PROFILE AWS_ROLE_ARN AWS_SESSION_TOKEN DOCKER_CONTEXT PULUMI_ACCESS_TOKEN "
        "PULUMI_STACK"
    )


PROXIES = {
    "none": ({}, "localhost,127.0.0.1"),
    "the caller's stay": ({"NO_PROXY": "corp.example, .lan"}, "corp.example,.lan,localhost,127.0.0.1"),
    "both spellings": ({"NO_PROXY": "a", "no_proxy": "b,a"}, "a,b,localhost,127.0.0.1"),
    "this machine already": ({"no_proxy": "127.0.0.1"}, "127.0.0.1,localhost"),
    "everything": ({"NO_PROXY": "*"}, "*"),
}


@pytest.mark.parametrize(("environ", "expected"), PROXIES.values(), ids=PROXIES)
def test_this_machine_joins_the_callers_exceptions_from_the_proxy(
    layout: Layout, environ: dict[str, str], expected: str
) -> None:
    shell = environment.shell(layout, docker_host=None, region="r", environ=environ)
    engine = environment.engine(layout, docker_host=None, pulumi_home=layout.pulumi_home, environ=environ)
    for values in (shell, engine):
        assert (values["NO_PROXY"], values["no_proxy"]) == (expected, expected)
