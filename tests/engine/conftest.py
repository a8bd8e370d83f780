"""A local cloud of the tests' own: the real engine, a real Docker daemon and the emulator, beside any other."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from local import pulumi_cli
from local.cloud import LocalCloud
from local.errors import Unavailable, may_skip
from local.layout import Layout, from_environment
from local.processes import PROC, all_pids, command_line, wait_until
from local.stack import LocalStack
from tests.engine.bench import REGION, Bench
from tests.registries import servers

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def cloud(pytestconfig: pytest.Config) -> Iterator[LocalCloud]:
    """Started once; leaves nothing running."""
    state = Path(tempfile.mkdtemp(prefix="cr-test-"))
    state.rmdir()
    found = LocalCloud(from_environment(os.environ, state=state, port=free_port()), show=lambda _line: None)
    try:
        with had_here(pytestconfig):
            found.start(docker=True)
        yield found
    finally:
        found.stop()
        left = still_running(found.layout)
        shutil.rmtree(state, ignore_errors=True)
    assert not left, f"left running: {left}"


@pytest.fixture(scope="session")
def layouts(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Layout]:
    """Makes layouts for tests that start a local cloud themselves; the engine is there already."""
    with had_here(pytestconfig):
        pulumi_cli.ensure(from_environment(os.environ, state=tmp_path_factory.mktemp("engine")), os.environ)
    return lambda state: from_environment(os.environ, state=state, port=free_port())


@pytest.fixture(scope="session")
def emulated(layouts: Callable[[Path], Layout], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Engine and emulator, for tests that build no image; leaves nothing running."""
    layout = layouts(tmp_path_factory.mktemp("emulated") / "state")
    found = LocalCloud(layout, show=lambda _line: None)
    try:
        found.start(docker=False)
        yield found
    finally:
        found.stop()
    assert not still_running(layout)


@pytest.fixture
def bench(emulated: LocalCloud) -> Iterator[Bench]:
    """Deploys programs of the test's own; all are destroyed afterwards."""
    made = Bench(emulated)
    yield made
    for stack in made.stacks:
        stack.destroy()


@contextmanager
def had_here(config: pytest.Config) -> Iterator[None]:
    """What can't be had on this machine skips the tests with its reason; CI has to have nearly all of it."""
    capture = config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    try:
        # Building the engine takes minutes the first time: its progress has to be seen.
        with capture.global_and_fixture_disabled():
            yield
    except Unavailable as error:
        if not may_skip(error, ci=os.environ.get("CI") == "true"):
            raise
        pytest.skip(f"the local cloud can't be had here: {error.reason}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def still_running(layout: Layout) -> list[str]:
    """The processes that name a local cloud's directories; one that is about to end has a few seconds for it."""
    wait_until(lambda: not naming(layout.state, layout.docker_run), 10)
    return naming(layout.state, layout.docker_run)


def naming(*folders: Path) -> list[str]:
    """Processes, other than this one, with one of the folders in their command line or environment."""
    marks = [os.fsencode(folder) for folder in folders]
    found = []
    for pid in all_pids():
        with suppress(OSError):  # gone, or another user's
            told = b"".join((PROC / str(pid) / name).read_bytes() for name in ("cmdline", "environ"))
            if pid != os.getpid() and any(mark in told for mark in marks):
                found.append(f"{pid} {command_line(pid)}")
    return found


@pytest.fixture(scope="session")
def skopeo(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> str:
    """A reader of registries that shares no line with the product."""
    with had_here(pytestconfig):
        return servers.have("skopeo", "skopeo", tmp_path_factory.mktemp("skopeo") / "apt.log")


@pytest.fixture
def ecr(cloud: LocalCloud) -> ECRClient:
    """ECR of the local cloud."""
    return boto3.client(
        "ecr",
        region_name=REGION,
        endpoint_url=cloud.layout.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@dataclass
class Deployment:
    """One stack with settings of the test's own, and a build context that the test may change."""

    cloud: LocalCloud
    name: str
    context: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def repository(self) -> str:
        return self.settings["repository"]

    @property
    def stack(self) -> LocalStack:
        return self.cloud.stack(self.name, [f"{key}={value}" for key, value in self.settings.items()])

    def output(self, key: str) -> str:
        return str(self.stack.outputs()[key])

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a user would who has done `eval "$(python -m local env)"`."""
        lines = "\n".join(self.cloud.shell_lines())
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail\n{lines}\n{command}"],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture
def deploy(cloud: LocalCloud, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Deployment]]:
    """Makes deployments of the dev stack; each test has repositories of its own. All are destroyed afterwards."""
    made: list[Deployment] = []
    test = request.node.name.partition("[")[0].replace("_", "-").lower()[:60].strip("-")

    def make(stack: str = "dev", **settings: str) -> Deployment:
        context = tmp_path / "context"
        if not context.exists():
            shutil.copytree(ROOT / "images" / "nginx", context)
        chosen = {"repository": f"{stack}/{test}", **settings}
        if stack == "dev":
            chosen = {"build.context": str(context), "build.dockerfile": str(context / "Dockerfile"), **chosen}
        deployment = Deployment(cloud, stack, context, chosen)
        made.append(deployment)
        return deployment

    yield make
    for deployment in reversed(made):
        deployment.settings["forceDelete"] = "true"
        deployment.settings.pop("protect", None)
        clean_up(deployment)


def clean_up(deployment: Deployment) -> None:
    """Empty the repository, which a stack without forceDelete would trip over, and then the stack."""
    if deployment.name not in deployment.cloud.deployed():
        return
    client = boto3.client(
        "ecr",
        region_name=REGION,
        endpoint_url=deployment.cloud.layout.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with suppress(client.exceptions.RepositoryNotFoundException):  # the test has deleted it
        ids = client.list_images(repositoryName=deployment.repository)["imageIds"]
        if ids:
            client.batch_delete_image(repositoryName=deployment.repository, imageIds=ids)
    deployment.stack.cli("state", "unprotect", "--all", "--yes")
    deployment.stack.destroy()
