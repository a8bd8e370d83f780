"""`ci/buildspec.yml` on the local cloud: the builds of a pipeline, in its order and with its variables."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ecr.pipeline import stages as pipeline
from ecr.pipeline.model import Approval, Stage
from local import policy_packs
from local.cloud import LocalCloud
from tests.engine import buildspecs
from tests.engine.buildspecs import Buildspec, Built, Phase
from tests.engine.conftest import ROOT, had_here
from tests.engine.test_workflows import change
from tests.engine.workflows import copy_of_the_project, shell_environment, virtual_environment

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.engine

NO_SCANS = {"off": "the emulator does not scan"}
NO_DOCKER = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
VARIABLE = re.compile(r"#\{([^.}]+)\.([^}]+)\}")


@dataclass
class Machine:
    """What CodePipeline and CodeBuild have: the source, the stages, and the variables of one execution."""

    checkout: Path
    scratch: Path
    environment: Mapping[str, str]
    backend: str
    stages: tuple[Stage, ...]
    variables: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def run(self, stack: str, name: str = pipeline.DEPLOY) -> Built:
        """One action of a stage; a stage that does not build has no Docker daemon."""
        index = [stage.stack for stage in self.stages].index(stack)
        (action,) = (one for one in pipeline.actions(self.stages, index) if one.name == name)
        given = {one["name"]: one["value"] for one in json.loads(action.settings["EnvironmentVariables"])}
        resolved = {
            key: VARIABLE.sub(lambda match: self.variables[match[1]][match[2]], value) for key, value in given.items()
        }
        built = buildspecs.run(
            Buildspec.read(self.checkout / "ci/buildspec.yml"),
            self.checkout,
            self.scratch,
            {**self.environment, **({} if self.stages[index].build else NO_DOCKER)},
            project={"STACK": stack, "PULUMI_BACKEND_URL": self.backend},
            action=resolved,
        )
        if action.namespace is not None:
            self.variables[action.namespace] = built.exported
        return built


@pytest.fixture
def machine(cloud: LocalCloud, tmp_path: Path, pytestconfig: pytest.Config) -> Callable[[str], Machine]:
    """Makes one with a copy of the project, a backend and repositories of the test's own."""

    def make(name: str) -> Machine:
        checkout = copy_of_the_project(ROOT, tmp_path / "checkout")
        virtual_environment(checkout / ".venv", Path(sys.prefix))
        with had_here(pytestconfig):
            python = policy_packs.ensure(cloud.layout)
        (checkout / "policies" / ".venv").symlink_to(python.parent.parent.resolve())
        stages = tuple(
            Stage(
                stack=stack,
                project=f"shop-{stack}",
                repository=f"{stack}/{name}",
                build=stack == "dev",
                approval=Approval() if stack == "prod" else None,
            )
            for stack in ("dev", "staging", "prod")
        )
        (tmp_path / "backend").mkdir()
        backend = f"file://{tmp_path / 'backend'}"
        environment = {key: value for key, value in shell_environment(cloud).items() if key != "PULUMI_BACKEND_URL"}
        for before, stage in zip((None, *stages), stages, strict=False):
            change(checkout, stage.stack, repository=stage.repository)
            if before is not None:
                change(checkout, stage.stack, promote={"from": before.stack, "gate": NO_SCANS})
            subprocess.run(
                ["pulumi", "stack", "init", stage.stack, "--no-select"],
                cwd=checkout,
                env={**environment, "PULUMI_BACKEND_URL": backend},
                check=True,
                timeout=60,
            )
        return Machine(checkout, tmp_path / "build", environment, backend, stages)

    return make


def succeeded(built: Built) -> Built:
    assert built.succeeded, built.output
    return built


def test_an_execution_builds_previews_and_promotes_to_the_end(
    machine: Callable[[str], Machine], ecr: ECRClient
) -> None:
    execution = machine("execution")
    for stack in ("dev", "staging"):
        assert "DRIFT" in succeeded(execution.run(stack)).output
    previewed = succeeded(execution.run("prod", pipeline.PREVIEW))
    assert "to create" in previewed.output
    assert previewed.exported == {"DIGEST": ""}
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["prod/execution"])

    image = execution.variables["dev"]["DIGEST"]
    assert succeeded(execution.run("prod")).exported == {"DIGEST": image}
    tag, published = image.split("@")
    for stack in ("dev", "staging", "prod"):
        held = ecr.describe_images(repositoryName=f"{stack}/execution", imageIds=[{"imageTag": tag}])
        assert held["imageDetails"][0]["imageDigest"] == published


def test_what_another_execution_has_deployed_meanwhile_is_not_promoted(
    machine: Callable[[str], Machine], ecr: ECRClient
) -> None:
    execution = machine("overtaken-build")
    succeeded(execution.run("dev"))
    approved = execution.variables["dev"]
    page = execution.checkout / "images" / "nginx" / "index.html"
    page.write_text(page.read_text() + "<!-- another execution's -->")
    succeeded(execution.run("dev"))
    assert execution.variables["dev"] != approved

    execution.variables["dev"] = approved
    assert succeeded(execution.run("staging")).exported == approved
    (held,) = ecr.describe_images(repositoryName="staging/overtaken-build")["imageDetails"]
    assert approved["DIGEST"] == f"{held['imageTags'][0]}@{held['imageDigest']}"


def test_a_stage_that_is_told_of_no_image_promotes_none(machine: Callable[[str], Machine], ecr: ECRClient) -> None:
    execution = machine("untold")
    execution.variables["dev"] = {"DIGEST": ""}
    built = execution.run("staging")
    assert built.phases == {"install": True, "build": False}
    assert 'error: image: "" is not what was approved' in built.output
    assert built.exported == {"DIGEST": ""}
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["staging/untold"])


def test_a_mistake_in_a_stack_file_fails_the_build_in_one_line(machine: Callable[[str], Machine]) -> None:
    execution = machine("mistaken")
    change(execution.checkout, "dev", tagMutabilty="IMMUTABLE")
    built = execution.run("dev")
    assert built.phases == {"install": True, "build": False}
    assert "container-registry:tagMutabilty: " in built.output
    assert "Traceback" not in built.output


# -- the runner itself ------------------------------------------------------------------------------------------------


def ran(tmp_path: Path, *phases: Phase, **action: str) -> Built:
    spec = Buildspec(interpreter="bash", variables={"A": "spec", "B": "spec"}, exported=("KEPT",), phases=phases)
    return buildspecs.run(
        spec, tmp_path, tmp_path / "run", {"PATH": "/usr/bin:/bin"}, project={"B": "project"}, action=action
    )


def phase(name: str, *commands: str, at_last: tuple[str, ...] = (), aborts: bool = True) -> Phase:
    return Phase(name=name, commands=commands, at_last=at_last, aborts=aborts, runtimes={})


def test_what_a_command_exports_stays_for_the_next_phase_and_the_pipeline(tmp_path: Path) -> None:
    built = ran(tmp_path, phase("install", "export KEPT=1; cd /"), phase("build", "test $KEPT = 1 && test $PWD = /"))
    assert built.phases == {"install": True, "build": True}
    assert built.exported == {"KEPT": "1"}


def test_variables_of_the_action_win_over_the_projects_and_these_over_the_buildspecs(tmp_path: Path) -> None:
    built = ran(tmp_path, phase("build", 'echo "$A $B $C"'), C="action")
    assert built.output == "spec project action\n"
    assert ran(tmp_path, phase("build", 'echo "$B"'), B="action").output == "action\n"


def test_a_command_that_fails_skips_the_rest_but_what_comes_at_last(tmp_path: Path) -> None:
    built = ran(tmp_path, phase("install", "false", "echo skipped", at_last=("echo last",)), phase("build", "echo no"))
    assert built.phases == {"install": False}
    assert built.output == "last\n"


@pytest.mark.parametrize(("aborts", "phases"), [(True, ["build"]), (False, ["build", "post_build"])])
def test_post_build_runs_after_a_build_that_failed_unless_it_aborts(
    tmp_path: Path,
    aborts: bool,  # noqa: FBT001
    phases: list[str],
) -> None:
    after = phase("post_build", 'test "$CODEBUILD_BUILD_SUCCEEDING" = 0')
    built = ran(tmp_path, phase("build", "false", aborts=aborts), after)
    assert list(built.phases) == phases
    assert not built.succeeded


def test_the_buildspec_asks_for_the_python_that_the_workflow_asks_for() -> None:
    spec = Buildspec.read(ROOT / "ci/buildspec.yml")
    assert [phase.runtimes for phase in spec.phases if phase.runtimes] == [{"python": "3.11"}]
    assert 'python-version: "3.11"' in (ROOT / ".github/workflows/deploy.yml").read_text()


def test_the_buildspec_calls_the_scripts_that_the_workflow_calls_and_nothing_else() -> None:
    commands = [command for phase in Buildspec.read(ROOT / "ci/buildspec.yml").phases for command in phase.commands]
    called = {word for command in commands for word in re.findall(r"ci/\w+", command)}
    assert called == {"ci/setup", "ci/stack"}
    workflow = (ROOT / ".github/workflows/deploy.yml").read_text()
    assert all(script in workflow for script in called)
    assert all((ROOT / script).stat().st_mode & 0o100 for script in called)
