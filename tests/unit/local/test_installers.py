"""What installs tools: scripts and commands with programs made of shell in place of the real ones."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from local import debian, shell_tools
from local.layout import Layout, default_checkout
from local.pulumi_cli import Engine


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("knows", "installed"), [("docker-cli", "docker.io docker-cli"), ("-", "docker.io")])
def test_the_docker_client_is_installed_where_it_is_a_package_of_its_own(
    knows: str, installed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    program(tmp_path / "bin/apt-get", f'echo "$*" >> {asked}')
    program(tmp_path / "bin/apt-cache", f'[ "$3" = {knows} ] && echo "Package: $3" || exit 100')
    program(tmp_path / "bin/systemctl", "true")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(debian, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(debian, "LOCK", tmp_path / "apt.lock")
    debian.install(["docker.io"], tmp_path / "apt.log", if_known=["docker-cli"])
    assert asked.read_text().splitlines() == ["update", f"install -y --no-install-recommends {installed}"]
    assert not (tmp_path / "policy-rc.d").exists()


def test_two_installations_at_once_come_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, log = tmp_path / "running", tmp_path / "log"
    program(
        tmp_path / "bin/apt-get",
        f'mkdir {running} || echo "apt-get runs twice" >> {log}; echo "$1" >> {log}; rmdir {running}',
    )
    program(tmp_path / "bin/systemctl", "true")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(debian, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(debian, "LOCK", tmp_path / "apt.lock")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: debian.install(["x"], tmp_path / f"{number}.log"), range(4)))
    assert log.read_text().split() == ["update", "install"] * 4


def test_the_scripts_run_programs_whatever_their_paths_are(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = program(tmp_path / "it's a home/python", 'printf "%s|" "$@"')
    pulumi = program(tmp_path / "it's a cache/pulumi", 'printf "%s|" "$@"')
    monkeypatch.setattr(shell_tools, "python_with", lambda *_: python)
    engine = Engine(pulumi, "3.256.0", "built with Go")
    folder = shell_tools.path_entry(replace(layout, state=tmp_path / "a state"), engine, {"PATH": ""})
    assert folder is not None
    done = subprocess.run([folder / "aws", "ecr", "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == "-m|awscli|ecr|a b|"
    done = subprocess.run([folder / "pulumi", "stack", "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == "stack|a b|"
    assert sorted(path.name for path in folder.iterdir()) == ["aws", "pulumi"]


def test_commands_that_are_there_need_no_scripts(layout: Layout, tmp_path: Path) -> None:
    program(tmp_path / "bin/aws", "true")
    engine = Engine(program(tmp_path / "bin/pulumi", "true"), "3.256.0", "on PATH")
    environ = {"PATH": str(tmp_path / "bin")}
    assert shell_tools.path_entry(layout, engine, environ) is None
    assert shell_tools.path_entry(layout, None, environ) is None


def test_a_python_that_still_has_no_venv_after_the_installation_is_named_with_its_package(tmp_path: Path) -> None:
    python = program(tmp_path / "python3.99", 'case "$2" in *ensurepip*) exit 1;; *) echo python3.99-venv;; esac')
    program(tmp_path / "bin/apt-get", "true")
    env = {**os.environ, "PYTHON": str(python), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    script = default_checkout() / "scripts/install-venv"
    done = subprocess.run([script], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 3
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: {python} has no venv module")
    assert "apt-get install python3.99-venv" in last


SETTING_UP = """\
case "$*" in
  *"venv --clear"*) mkdir -p "$VENV/bin" && cp "$0" "$VENV/bin/python" && echo venv >> "$LOG" ;;
  *"pip install"*) echo "${@##* }" >> "$LOG.pip" ;;
esac
"""


def test_two_set_ups_at_once_make_one_environment(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "scripts").mkdir(parents=True)
    (checkout / "scripts/set-up").write_bytes((default_checkout() / "scripts/set-up").read_bytes())
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        (checkout / name).write_text("")
    python = program(tmp_path / "python", SETTING_UP)
    env = {**os.environ, "PYTHON": str(python), "VENV": ".venv", "LOG": str(tmp_path / "log")}
    both = [
        subprocess.Popen(["bash", "scripts/set-up", name], cwd=checkout, env=env, stderr=subprocess.DEVNULL)
        for name in ("program", "development")
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert (tmp_path / "log").read_text() == "venv\n"
    assert len((tmp_path / "log.pip").read_text().splitlines()) == 2
