"""What Kubernetes itself says of the pods: the code that its API server admits them with, built with Go."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest
import yaml

from ecr.kubernetes import Workload
from local import cache
from local.console import run_logged
from local.errors import Unavailable
from local.layout import from_environment
from local.venvs import last_error
from tests.engine.conftest import ROOT, had_here
from tests.unit.ecr.workloads import BREACHES, FULL, SHAPES, deployment, put

pytestmark = pytest.mark.engine

SOURCE = Path(__file__).parent / "restricted"
EXAMPLE = ROOT / "examples" / "eks" / "deployment.yaml"

# Each control in the words of Kubernetes' own code.
REASONS = {
    "Host Namespaces": "host namespaces",
    "Privileged Containers": "privileged",
    "Capabilities": "unrestricted capabilities",
    "Volume Types": "restricted volume types",
    "Host Ports": "hostPort",
    "Privilege Escalation": "allowPrivilegeEscalation != false",
    "Running as Non-root": "runAsNonRoot != true",
    "Running as Non-root user": "runAsUser=0",
    "Seccomp": "seccompProfile",
    "Sysctls": "forbidden sysctls",
    "HostProcess": "hostProcess",
    "AppArmor": "forbidden AppArmor profile",
    "SELinux": "seLinuxOptions",
    "/proc Mount Type": "procMount",
    "Host Probes / Lifecycle Hooks": "probe or lifecycle host",
}


def built(draft: Path, log: Path) -> None:
    """Build `draft/restricted`. Cold: about two minutes on two cores.

    Raises:
        Unavailable: no Go, or its modules can't be had.
    """
    go = shutil.which("go")
    if go is None:
        raise Unavailable("Go is not installed, which Kubernetes' own checks are built with")
    env = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    argv = [go, "build", "-v", "-trimpath", "-o", str(draft / "restricted"), "."]
    code, output = run_logged(
        argv, "building Kubernetes' checks of pods (2 minutes when cold)", log, env=env, cwd=SOURCE
    )
    if code:
        raise Unavailable(f"Kubernetes' checks of pods can't be built: {last_error(output)}; see {log}")


@pytest.fixture(scope="module")
def program(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("restricted")
    recipe = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCE.iterdir()))).hexdigest()[:8]
    layout = from_environment(os.environ, state=folder)
    with had_here(pytestconfig):
        made = cache.entry(layout.cache, f"restricted-{recipe}", lambda draft: built(draft, folder / "go.log"))
    return made / "restricted"


def reasons(program: Path, deployments: Sequence[Mapping[str, object]]) -> list[list[str]]:
    """Why Kubernetes would not admit the pods of each."""
    asked = subprocess.run(
        [program], input=json.dumps(deployments), capture_output=True, text=True, check=True, timeout=60
    )
    return cast("list[list[str]]", json.loads(asked.stdout))


def test_every_shape_of_deployment_is_admitted(program: Path) -> None:
    example = list(yaml.safe_load_all(EXAMPLE.read_text()))[-1]
    shapes = [deployment(cast("Workload", shape.values[0])) for shape in SHAPES]
    assert reasons(program, [example, *shapes]) == [[]] * (len(shapes) + 1)


def test_the_table_of_controls_says_what_kubernetes_says(program: Path) -> None:
    broken = []
    for _, path, value in BREACHES:
        document = json.loads(json.dumps(deployment(FULL)))
        put(document["spec"]["template"]["spec"], path, value)
        broken.append(document)
    assert reasons(program, broken) == [[REASONS[control]] for control, _, _ in BREACHES]
