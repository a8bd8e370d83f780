"""Every example in the help of a command, run as somebody would who pastes it after `up dev staging prod`."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from ecr.cli.app import PROGRAM
from ecr.errors import ExitCode
from local.cloud import LocalCloud
from tests.engine.bench import REGION
from tests.engine.conftest import ROOT, Deployment, clean_up
from tests.unit.ecr.cli.commands import commands, examples

pytestmark = pytest.mark.engine

STACKS = ("dev", "staging", "prod")
HOST = "localhost:4566"  # where the examples have the local cloud
DIGEST = re.compile(r"sha256:[0-9a-f]{4}\b")  # how they name an image by the beginning of its digest

UNKNOWN = "the endpoint does not offer this operation"
# What the local cloud can't do, or what is in nobody's reach from here: example -> how it ends there.
ELSEWHERE = {
    "python -m ecr scan 123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/dev/yoon-app:v1.0.0 --stack staging": (
        ExitCode.REMOTE,
        f"DescribeImageScanFindings failed with InvalidAction.*{UNKNOWN}",
    ),
    "python -m ecr scan 123456789012.dkr.ecr.eu-west-1.amazonaws.com/dev/yoon-app:v1.0.0 --max-severity LOW --sarif": (
        ExitCode.REMOTE,
        "there is no such image",
    ),
    "python -m ecr lifecycle compare --stack prod": (
        ExitCode.REMOTE,
        f"StartLifecyclePolicyPreview failed with InvalidAction.*{UNKNOWN}",
    ),
    "python -m ecr lifecycle compare --json --policy policy.json --repository prod/yoon-app": (
        ExitCode.REMOTE,
        f"StartLifecyclePolicyPreview failed with InvalidAction.*{UNKNOWN}",
    ),
    "python -m ecr copy --json public.ecr.aws/nginx/nginx:stable localhost:4566/dev/nginx:stable": (
        ExitCode.REMOTE,
        "registry public.ecr.aws can't be reached",
    ),
}
# Where the answer is no, and has to be: example -> the words.
REFUSED = {
    "python -m ecr clean --stack staging --all": (ExitCode.REFUSED, "staging/yoon-app can't be emptied"),
    ("python -m ecr doctor 123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/dev/yoon-app:v1.0.0 --expect-private"): (
        ExitCode.REFUSED,
        "FAILED manifest: .* does not exist",
    ),
}
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
            "action": {"type": "expire"},
        }
    ]
}


@dataclass(frozen=True)
class Project:
    """A copy of the project's folder, whose stacks are deployed, with the files that examples name."""

    folder: Path
    prod: Deployment
    digest: str

    def run(self, example: str) -> subprocess.CompletedProcess[str]:
        host = self.prod.cloud.layout.endpoint.removeprefix("http://")
        command = DIGEST.sub(self.digest[:14], example.replace(HOST, host))
        command = command.replace("python", shlex.quote(sys.executable), 1)
        return self.prod.shell(
            f"cd {shlex.quote(str(self.folder))} && PYTHONPATH={shlex.quote(str(ROOT))} {command} < /dev/null"
        )


@pytest.fixture(scope="module")
def project(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = [
        Deployment(cloud, stack, ROOT / "images" / "nginx", {"repository": f"{stack}/yoon-app"}) for stack in STACKS
    ]
    try:
        for deployment in made:
            deployment.stack.up()
        folder = _folder(tmp_path_factory.mktemp("project"), cloud)
        yield Project(folder, made[-1], made[-1].output("image_digest"))
    finally:
        for deployment in reversed(made):
            deployment.settings["forceDelete"] = "true"
            deployment.settings["protect"] = "false"
            clean_up(deployment)


def _folder(folder: Path, cloud: LocalCloud) -> Path:
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, folder)
    shutil.copytree(ROOT / "images", folder / "images")
    (folder / "policy.json").write_text(json.dumps(POLICY))
    ecr = boto3.client(
        "ecr",
        region_name=REGION,
        endpoint_url=cloud.layout.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    images = ecr.describe_images(repositoryName="prod/yoon-app")["imageDetails"]
    # Pushed before the moment that an example names with --now.
    listed = [{**image, "imagePushedAt": "2025-01-01T00:00:00Z"} for image in images]
    (folder / "images.json").write_text(json.dumps({"imageDetails": listed}, default=str))
    return folder


@pytest.mark.parametrize("command", commands().items(), ids=lambda each: " ".join(each[0]))
def test_every_command_has_an_example_of_itself(command: tuple[tuple[str, ...], str]) -> None:
    name, _ = command
    shown = [example for example, of in examples().items() if of == name]
    assert shown
    assert all(example.startswith(f"{PROGRAM} {' '.join(name)}") for example in shown)


def test_what_does_not_work_here_is_an_example_still() -> None:
    assert {*ELSEWHERE, *REFUSED} <= set(examples())


@pytest.mark.parametrize("example", examples())
def test_an_example_of_the_help_works(example: str, project: Project) -> None:
    ran = project.run(example)
    told = f"{ran.stdout}\n{ran.stderr}"
    assert "Traceback" not in told, told
    code, words = REFUSED.get(example) or ELSEWHERE.get(example) or (ExitCode.DONE, "")
    if example in ELSEWHERE and ran.returncode == ExitCode.DONE:
        return  # somebody else's machine may reach more
    assert ran.returncode == code, told
    assert re.search(words, told), told
