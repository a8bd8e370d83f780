"""The plain `pulumi` command in a shell that uses the local cloud: the stand-in language host at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from local.cloud import LocalCloud
from local.processes import wait_until
from tests.engine.conftest import ROOT, Deployment, naming
from tests.engine.workflows import copy_of_the_project, shell_environment, virtual_environment

pytestmark = pytest.mark.engine

DEADLINE_S = 120.0


@pytest.fixture
def shell(cloud: LocalCloud, tmp_path: Path) -> Mapping[str, str]:
    """The environment of a shell that uses the local cloud, with a backend of the test's own."""
    backend = tmp_path / "backend"
    backend.mkdir()
    return {**shell_environment(cloud), "PULUMI_BACKEND_URL": f"file://{backend}"}


def project(folder: Path, program: str) -> Path:
    """A project with a program of a few lines, that runs with the packages of the tests."""
    folder.mkdir()
    virtualenv = os.path.relpath(sys.prefix, folder)
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": virtualenv}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "probe", "runtime": runtime}))
    (folder / "__main__.py").write_text(program)
    return folder


def pulumi(folder: Path, shell: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["pulumi", "--non-interactive", "--color", "never", *arguments],
        cwd=folder,
        env=shell,
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )


def test_a_copy_of_the_project_has_the_same_outputs_and_nothing_to_change(
    deploy: Callable[..., Deployment], cloud: LocalCloud, tmp_path: Path
) -> None:
    deployment = deploy("dev")
    deployment.stack.up()
    outputs = deployment.stack.outputs()
    copy = copy_of_the_project(ROOT, tmp_path / "copy")
    virtual_environment(copy / ".venv", Path(sys.prefix))
    (copy / "Pulumi.dev.yaml").write_bytes((cloud.layout.workspace / "Pulumi.dev.yaml").read_bytes())
    there = shell_environment(cloud)

    previewed = pulumi(copy, there, "preview", "--stack", "dev", "--expect-no-changes")
    assert previewed.returncode == 0, previewed.stdout + previewed.stderr
    assert "$PATH" not in previewed.stdout + previewed.stderr  # the engine's warning of a plugin that it found there
    done = pulumi(copy, there, "up", "--yes", "--stack", "dev")
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployment.stack.outputs() == outputs


PROGRAM = """
import docker, pulumi
config = pulumi.Config()
pulumi.export("names", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
pulumi.export("dry", pulumi.runtime.is_dry_run())
pulumi.export("root", pulumi.runtime.get_root_directory())
pulumi.export("plain", config.require("plain"))
pulumi.export("secret", config.require_secret("secret"))
pulumi.export("docker", docker.__file__)
print("printed")
"""


def test_a_program_is_told_all_it_asks_for_and_its_output_is_seen(shell: Mapping[str, str], tmp_path: Path) -> None:
    folder = project(tmp_path / "probe", PROGRAM)
    assert pulumi(folder, shell, "stack", "init", "one").returncode == 0
    pulumi(folder, shell, "config", "set", "plain", "p")
    pulumi(folder, shell, "config", "set", "--secret", "secret", "s3cr3t")
    done = pulumi(folder, shell, "up", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "printed" in done.stdout
    assert "s3cr3t" not in done.stdout + done.stderr
    outputs = yaml.safe_load(pulumi(folder, shell, "stack", "output", "--json").stdout)
    assert outputs["names"] == ["organization", "probe", "one"]
    assert (outputs["root"], outputs["dry"]) == (str(folder), False)
    assert (outputs["plain"], outputs["secret"]) == ("p", "[secret]")
    assert outputs["docker"].startswith(sys.prefix)  # and not the stand-in of that name, beside the host
    assert pulumi(folder, shell, "destroy", "--yes").returncode == 0
    assert "python" in pulumi(folder, shell, "about").stdout


FAILS = {
    "a refusal is one line": ("import pulumi\nraise pulumi.RunError('no, because')\n", ["no, because"], ["Traceback"]),
    "a mistake shows where it is": (
        "def build():\n    return 1 / 0\nbuild()\n", ["ZeroDivisionError", "line 2, in build"], [],
    ),
    "a program that leaves is told of": ("import os\nos._exit(3)\n", ["the program ended with exit code 3"], []),
}  # fmt: skip


@pytest.mark.parametrize(("program", "words", "absent"), FAILS.values(), ids=FAILS)
def test_a_program_that_fails(
    shell: Mapping[str, str], tmp_path: Path, program: str, words: list[str], absent: list[str]
) -> None:
    folder = project(tmp_path / "probe", program)
    pulumi(folder, shell, "stack", "init", "one")
    done = pulumi(folder, shell, "preview")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert [word for word in words if word not in said] == [], said
    assert [word for word in absent if word in said] == [], said


def test_an_engine_that_is_killed_leaves_no_program_behind(shell: Mapping[str, str], tmp_path: Path) -> None:
    folder = project(tmp_path / "probe", "open('started', 'w').close()\nimport time\ntime.sleep(600)\n")
    pulumi(folder, shell, "stack", "init", "one")
    with subprocess.Popen(["pulumi", "--non-interactive", "preview"], cwd=folder, env=shell) as engine:
        wait_until((folder / "started").exists, DEADLINE_S)
        assert naming(folder)
        engine.send_signal(signal.SIGKILL)
    wait_until(lambda: not naming(folder), 20)
    assert naming(folder) == []
