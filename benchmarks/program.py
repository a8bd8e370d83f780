"""The program on the engine: how long `make up`, a preview and an import take, on one local cloud."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pulumi
import pulumi.automation as auto
import pulumi_aws as aws
import yaml

from benchmarks.figures import ROUNDS, Figure, in_turns, ratio, seconds, timed
from components import ImageRepository, ImageRepositoryArgs
from local import stack_files
from local.cloud import LocalCloud
from local.engine_process import EngineCommand
from local.environment import applied
from local.pulumi_cli import ensure

ROOT = Path(__file__).resolve().parent.parent
COMPONENTS = 100


# What our default rule renders to, as a team would paste it from AWS's documentation.
POLICY = """{
  "rules": [
    {
      "rulePriority": 1,
      "description": "Keep the latest 10 images",
      "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
      "action": {"type": "expire"}
    }
  ]
}"""


class Bare(pulumi.ComponentResource):
    """What a team writes by hand: a component with the same two children and nothing else."""

    def __init__(self, name: str, repository_name: str) -> None:
        """Register the component and its two children."""
        super().__init__("benchmark:index:Bare", name)
        child = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            f"{name}-repo",
            name=repository_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "AES256"}],
            force_delete=False,
            opts=child,
        )
        aws.ecr.LifecyclePolicy(f"{name}-lifecycle", repository=repository.name, policy=POLICY, opts=child)
        self.register_outputs({"url": repository.repository_url})


def ours() -> None:
    """A program of a hundred `ImageRepository`s."""
    for number in range(COMPONENTS):
        ImageRepository(f"app-{number}", ImageRepositoryArgs(repository_name=f"team/app-{number}"))


def by_hand() -> None:
    """The same as a team would write it."""
    for number in range(COMPONENTS):
        Bare(f"app-{number}", f"team/app-{number}")


def empty_project(cloud: LocalCloud) -> LocalCloud:
    """A project whose program registers nothing, on the same engine and run by the same code as ours."""
    folder = cloud.layout.state / "empty"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: empty\nruntime: python\n")
    (folder / "Pulumi.bench.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text("")
    layout = replace(cloud.layout, checkout=folder, state=cloud.layout.state / "empty-state")
    layout.prepare()
    stack_files.write_project(layout, [])
    return LocalCloud(layout, show=lambda _line: None)


class Bench:
    """Runs programs on the engine and times them."""

    def __init__(self, cloud: LocalCloud) -> None:
        """`cloud` is started."""
        self._command = EngineCommand(ensure(cloud.layout, dict(os.environ)), cloud.layout)
        self._workspace = cloud.layout.state / "benchmark"
        self._workspace.mkdir()
        project = yaml.safe_load((cloud.layout.workspace / "Pulumi.yaml").read_text())
        del project["config"]  # the benchmark's programs have no settings
        (self._workspace / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "name": "benchmark"}))

    def stack(self, name: str, program: Callable[[], None]) -> auto.Stack:
        """A stack of the benchmark's own, beside the project's."""
        workspace = auto.LocalWorkspace(work_dir=str(self._workspace), program=program, pulumi_command=self._command)
        return auto.Stack.create_or_select(name, workspace)


def alternate(first: Callable[[], object], second: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Seconds of both, taken in turns."""
    left, right = in_turns([lambda _round: timed(first), lambda _round: timed(second)])
    return left, right


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, **(environment or {})})


def preview_of_many(bench: Bench) -> Figure:
    """A hundred of our components against a hundred written by hand."""
    mine, theirs = bench.stack("bench-ours", ours), bench.stack("bench-by-hand", by_hand)
    return ratio(f"preview of {COMPONENTS} ImageRepository : by hand", *alternate(mine.preview, theirs.preview), 1.15)


def warm_up(cloud: LocalCloud) -> list[Figure]:
    """`make up` with everything there and the image unchanged, and the part of it that is the program's own."""
    settings = {"CONTAINER_REGISTRY_LOCAL_STATE": str(cloud.layout.state),
                "CONTAINER_REGISTRY_LOCAL_PORT": str(cloud.layout.port)}  # fmt: skip
    _run("make", "up", environment=settings)
    whole = [timed(lambda: _run("make", "up", environment=settings)) for _ in range(ROUNDS)]
    program, without = alternate(cloud.stack("dev").up, empty_project(cloud).stack("bench").up)
    return [
        seconds("make up, warm", whole, 15.0),
        ratio("up of dev, unchanged : up of an empty program", program, without, 2.0),
    ]


def imports() -> Figure:
    """Every component in a fresh interpreter; they are loaded when they are asked for, and a program asks for some."""
    probe = (
        "import time; start = time.perf_counter(); import components; "
        "[getattr(components, name) for name in components.__all__]; print(time.perf_counter() - start)"
    )
    taken = [
        float(subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=True, capture_output=True).stdout)
        for _ in range(ROUNDS)
    ]
    return seconds("import of every component", taken, 0.6)


def unit_tests() -> Figure:
    """All tests that need neither an engine nor registries."""
    return seconds("unit tests", [timed(lambda: _run("make", "unit"))], 20.0)


def figures(cloud: LocalCloud) -> list[Figure]:
    """All of them; the cloud is started and stopped here.

    Raises:
        LocalError: it can't be started.
    """
    try:
        cloud.start(docker=True)
        bench = Bench(cloud)
        with applied(cloud.environment()):
            found = [imports(), *warm_up(cloud), preview_of_many(bench)]
    finally:
        cloud.stop(wipe=True)
    return [*found, unit_tests()]
