"""The shell steps of `deploy.yml` on the local cloud, by the plain `pulumi` command: preview, deploy, promote."""

from __future__ import annotations

import json
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
GH = """#!/bin/sh
printf '%s\\n' "$*" >>"$GH_SAID"
case "$*" in *--jq*) cat "$GH_FOUND" ;; esac
"""

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
    published = machine.values["needs.dev.outputs.digest"]
    for stack in STACKS:
        held = ecr.describe_images(repositoryName=f"{stack}/pipeline", imageIds=[{"imageTag": "v1.0.0"}])
        assert held["imageDetails"][0]["imageDigest"] == published
    for stack in STACKS[1:]:
        assert machine.workflow["jobs"][stack].get("env", {})["DOCKER_HOST"] == "unix:///nonexistent/docker.sock"
        assert "docker" not in packages(machine, stack)
    assert "docker" in packages(machine, "dev")

    assert "create" not in succeeded(machine.run("preview", matrix_stack="prod")).stdout
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


def has_published(machine: Runner, stack: str, digest: str) -> None:
    """Give a stack the state that it has after an image was published."""
    kind = "pulumi:pulumi:Stack"
    resource = {
        "urn": f"urn:pulumi:{stack}::{KEY}::{kind}::{KEY}-{stack}",
        "type": kind,
        "outputs": {"image_digest": digest},
    }
    state = {"version": 3, "deployment": {"manifest": {}, "resources": [resource]}}
    pulumi(machine, "stack", "import", "--stack", stack, said=json.dumps(state))


def test_a_job_that_can_not_go_on_ends_with_one_line_and_changes_nothing(runner: MakeRunner, ecr: ECRClient) -> None:
    machine = runner("refused", ["dev"])
    change(machine.checkout, "dev", tagMutabilty="IMMUTABLE")
    ran = machine.run("dev")
    assert ran.code != 0
    assert f"{KEY}:tagMutabilty: " in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["dev/refused"])

    machine.values["needs.dev.outputs.digest"] = "sha256:" + "0" * 64
    ran = machine.run("staging")
    assert (ran.code, ran.stderr) == (1, "error: stack dev has published no image\n")


def test_an_image_that_was_not_approved_is_not_promoted(runner: MakeRunner) -> None:
    machine = runner("unapproved", ["dev"])
    published, approved = ("sha256:" + digit * 64 for digit in "10")
    has_published(machine, "dev", published)
    machine.values["needs.dev.outputs.digest"] = approved
    ran = machine.run("staging")
    assert ran.code == 1
    assert ran.stderr == (
        f"error: stack dev has published {published} since {approved} was approved: approve the run that did so\n"
    )
    assert "staging/unapproved" not in ran.stdout


def test_the_previews_become_one_comment_that_is_changed_later(runner: MakeRunner, tmp_path: Path) -> None:
    machine = runner("comment", [])
    said, found, tools = tmp_path / "said", tmp_path / "found", tmp_path / "tools"
    tools.mkdir()
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    environment = {
        **machine.environment,
        "PATH": f"{tools}:{machine.environment['PATH']}",
        "GH_SAID": str(said),
        "GH_FOUND": str(found),
    }
    machine = Runner(**{**vars(machine), "environment": environment})
    previews = machine.checkout / "previews"
    previews.mkdir()
    (previews / "dev.txt").write_bytes(b"+ create\n</details> @everyone `code`\xff\n")
    (previews / "staging.txt").write_text("x" * 30_000)

    found.write_text("")
    succeeded(machine.run("comment"))
    comment = (machine.checkout / "comment.md").read_text()
    assert comment.startswith("<!-- previews of the stacks -->\n<details><summary>What this changes in <b>dev</b>")
    assert "\n    + create\n    </details> @everyone `code`\n" in comment
    assert "\n    no preview: see the job\n" in comment
    assert len(comment) < 65_536
    assert (
        said.read_text().splitlines()[-1] == "api --silent repos/acme/shop/issues/7/comments --field body=@comment.md"
    )

    found.write_text("41\n42\n")
    succeeded(machine.run("comment"))
    last = said.read_text().splitlines()[-1]
    assert last == "api --silent --method PATCH repos/acme/shop/issues/comments/41 --field body=@comment.md"
