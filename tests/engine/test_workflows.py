"""The shell steps of `deploy.yml` on the local cloud, by the plain `pulumi` command: preview, deploy, promote."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from local import policy_packs
from local.cloud import LocalCloud
from tests.engine.conftest import ROOT, had_here
from tests.engine.workflows import Ran, Runner, copy_of_the_project, read, shell_environment, virtual_environment

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.engine

STACKS = ("dev", "staging", "prod")
KEY = "container-registry"

MakeRunner = Callable[..., Runner]


@pytest.fixture
def runner(cloud: LocalCloud, tmp_path: Path, pytestconfig: pytest.Config) -> MakeRunner:
    """Makes runners with a copy of the project, a backend and repositories of the test's own."""

    def make(name: str, stacks: Sequence[str] = STACKS) -> Runner:
        checkout = copy_of_the_project(ROOT, tmp_path / "checkout")
        virtual_environment(checkout / ".venv", Path(sys.prefix))
        with had_here(pytestconfig):
            python = policy_packs.ensure(cloud.layout)
        (checkout / "policies" / ".venv").symlink_to(python.parent.parent.resolve())
        backend = tmp_path / "backend"
        backend.mkdir()
        environment = {**shell_environment(cloud), "PULUMI_BACKEND_URL": f"file://{backend}"}
        for stack in stacks:
            change(checkout, stack, repository=f"{stack}/{name}")
            if stack != "dev":
                came_from = STACKS[STACKS.index(stack) - 1]
                change(checkout, stack, promote={"from": came_from, "gate": {"off": "the emulator does not scan"}})
            # What a person does once for each stack.
            subprocess.run(
                ["pulumi", "stack", "init", stack, "--no-select"], cwd=checkout, env=environment, check=True, timeout=60
            )
        values = {
            "vars.PULUMI_BACKEND_URL": environment.pop("PULUMI_BACKEND_URL"),
            "github.token": "made-up",
            "github.repository": "acme/shop",
            "github.event.pull_request.number": "7",
        }
        scratch = tmp_path / "runner"
        scratch.mkdir()
        return Runner(
            workflow=read(ROOT / ".github" / "workflows" / "deploy.yml"),
            checkout=checkout,
            scratch=scratch,
            environment=environment,
            values=values,
        )

    return make


def change(checkout: Path, stack: str, **settings: object) -> None:
    path = checkout / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(path.read_text())
    content["config"].update({f"{KEY}:{key}": value for key, value in settings.items()})
    path.write_text(yaml.safe_dump(content))


def succeeded(ran: Ran) -> Ran:
    assert ran.code == 0, ran.stdout + ran.stderr
    return ran


def test_main_is_deployed_and_its_image_promoted_to_the_end_without_docker(runner: MakeRunner, ecr: ECRClient) -> None:
    machine = runner("pipeline")
    previewed = succeeded(machine.run("preview", matrix_stack="dev"))
    assert "6 to create" in previewed.stdout

    for stack in STACKS:
        assert "DRIFT" in succeeded(machine.run(stack)).stdout

    files = {stack: (machine.checkout / f"Pulumi.{stack}.yaml").read_text() for stack in STACKS}
    tag, published = machine.values["needs.dev.outputs.image"].split("@")
    assert {machine.values[f"needs.{stack}.outputs.image"] for stack in STACKS[:2]} == {f"{tag}@{published}"}
    for stack in STACKS:
        held = ecr.describe_images(repositoryName=f"{stack}/pipeline", imageIds=[{"imageTag": "v1.0.0"}])
        assert held["imageDetails"][0]["imageDigest"] == published
    for stack in STACKS[1:]:
        assert machine.workflow["jobs"][stack].get("env", {})["DOCKER_HOST"] == "unix:///nonexistent/docker.sock"
        assert "docker" not in packages(machine, stack)
    assert "docker" in packages(machine, "dev")

    # The image that was pinned for the run is what the stack file means without.
    previewed = succeeded(machine.run("preview", matrix_stack="prod"))
    assert not {"create", "update", "replace"} & set(re.findall(r"\bto (\w+)", previewed.stdout))
    assert files == {stack: (machine.checkout / f"Pulumi.{stack}.yaml").read_text() for stack in STACKS}


def pulumi(machine: Runner, *arguments: str, said: str = "") -> str:
    """What a command of pulumi's prints that somebody runs beside the jobs."""
    return subprocess.run(
        ["pulumi", *arguments],
        cwd=machine.checkout,
        env={**machine.environment, "PULUMI_BACKEND_URL": machine.values["vars.PULUMI_BACKEND_URL"]},
        check=True,
        capture_output=True,
        text=True,
        input=said,
        timeout=60,
    ).stdout


def packages(machine: Runner, stack: str) -> set[str]:
    """The packages whose resources or providers a stack has."""
    state = json.loads(pulumi(machine, "stack", "export", "--stack", stack))
    types = [str(one["type"]) for one in state["deployment"]["resources"]]
    return {one.removeprefix("pulumi:providers:").partition(":")[0] for one in types}


def test_a_job_that_can_not_go_on_ends_with_one_line_and_changes_nothing(runner: MakeRunner, ecr: ECRClient) -> None:
    machine = runner("refused", STACKS[:2])
    change(machine.checkout, "dev", tagMutabilty="IMMUTABLE")
    ran = machine.run("dev")
    assert ran.code != 0
    assert f"{KEY}:tagMutabilty: " in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["dev/refused"])

    machine.values["needs.dev.outputs.image"] = "v1.0.0@sha256:" + "0" * 64
    ran = machine.run("staging")
    assert ran.code != 0
    assert f"{KEY}:promote.from: stack dev has no output " in ran.stdout + ran.stderr


def test_what_was_approved_is_promoted_though_another_run_has_deployed_meanwhile(
    runner: MakeRunner, ecr: ECRClient
) -> None:
    machine = runner("overtaken", STACKS[:2])
    succeeded(machine.run("dev"))
    approved = machine.values["needs.dev.outputs.image"]
    page = machine.checkout / "images" / "nginx" / "index.html"
    page.write_text(page.read_text() + "<!-- another run's -->")
    succeeded(machine.run("dev"))
    assert machine.values["needs.dev.outputs.image"] != approved  # under the same tag, which dev may move

    machine.values["needs.dev.outputs.image"] = approved
    file = (machine.checkout / "Pulumi.staging.yaml").read_text()
    succeeded(machine.run("staging"))
    assert machine.values["needs.staging.outputs.image"] == approved
    tag, digest = approved.split("@")
    (held,) = ecr.describe_images(repositoryName="staging/overtaken")["imageDetails"]
    assert (held["imageTags"], held["imageDigest"]) == ([tag], digest)
    assert (machine.checkout / "Pulumi.staging.yaml").read_text() == file
