"""What is changed by hand on the local cloud is told as drift, and `up` with a refresh mends it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from ecr.reference import is_digest
from local.cloud import LocalCloud
from tests.engine.conftest import ROOT, Deployment, clean_up

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.engine


def drift(deployment: Deployment) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and what has drifted: what the state says, what ECR has."""
    ran = deployment.shell(f"cd {ROOT} && {sys.executable} -m ecr drift --json --stack {deployment.name}")
    assert ran.returncode in (0, 1), ran.stderr
    (entry,) = json.loads(ran.stdout)["stacks"]
    assert entry["errors"] == []
    return ran.returncode, {each["what"]: (each["expected"], each["found"]) for each in entry["differences"]}


def change_settings(ecr: ECRClient, name: str) -> None:
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration={"scanOnPush": False})
    (found,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    ecr.tag_resource(resourceArn=found["repositoryArn"], tags=[{"Key": "environment", "Value": "mine"}])


def change_policies(ecr: ECRClient, name: str) -> None:
    rules = json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])
    rules["rules"][0]["selection"]["countNumber"] = 3
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps(rules))
    policy = json.loads(ecr.get_repository_policy(repositoryName=name)["policyText"])
    policy["Statement"].append({"Sid": "Mine", "Effect": "Allow", "Principal": "*", "Action": "ecr:*"})
    ecr.set_repository_policy(repositoryName=name, policyText=json.dumps(policy))


def delete_policies(ecr: ECRClient, name: str) -> None:
    ecr.delete_lifecycle_policy(repositoryName=name)
    ecr.delete_repository_policy(repositoryName=name)


def move_tag(ecr: ECRClient, name: str) -> None:
    (image,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1.0.0"}])["images"]
    manifest = json.loads(image["imageManifest"]) | {"annotations": {"by": "hand"}}
    ecr.put_image(repositoryName=name, imageManifest=json.dumps(manifest), imageTag="v1.0.0")


def delete_image(ecr: ECRClient, name: str) -> None:
    ids = ecr.list_images(repositoryName=name)["imageIds"]
    ecr.batch_delete_image(repositoryName=name, imageIds=ids)


def delete_repository(ecr: ECRClient, name: str) -> None:
    ecr.delete_repository(repositoryName=name, force=True)


@pytest.fixture(scope="module")
def dev(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    context = tmp_path_factory.mktemp("build") / "context"
    shutil.copytree(ROOT / "images" / "nginx", context)
    settings = {
        "repository": "dev/drift",
        "build.context": str(context),
        "build.dockerfile": str(context / "Dockerfile"),
        "access.pull.accounts": '["111122223333"]',
        "tags.environment": "dev",
    }
    deployment = Deployment(cloud, "dev", context, settings)
    try:
        deployment.stack.up()
        yield deployment
    finally:
        clean_up(deployment)


def test_what_was_just_deployed_has_not_drifted(dev: Deployment) -> None:
    assert drift(dev) == (0, {})


@pytest.mark.parametrize(
    ("by_hand", "differences"),
    [
        pytest.param(
            change_settings,
            {
                "tag mutability": ("MUTABLE", "IMMUTABLE"),
                "scan on push": ("on", "off"),
                "AWS tag environment": ("'dev'", "'mine'"),
            },
            id="settings",
        ),
        pytest.param(
            change_policies,
            {
                "lifecycle policy, rule 1": ("selection.countNumber 10", "selection.countNumber 3"),
                "repository policy, statement Mine": (
                    "none",
                    'Action "ecr:*", Effect "Allow", Principal.AWS "*"',
                ),
            },
            id="policies-changed",
        ),
        pytest.param(
            delete_policies,
            {"lifecycle policy": ("1 rule", "none"), "repository policy": ("1 statement", "none")},
            id="policies-deleted",
        ),
        pytest.param(move_tag, {"tag v1.0.0": ("DIGEST", "OTHER")}, id="tag-moved"),
        pytest.param(delete_image, {"image": ("DIGEST", "none")}, id="image-deleted"),
        pytest.param(delete_repository, {"repository dev/drift": ("that it exists", "none")}, id="repository-deleted"),
    ],
)
def test_what_is_changed_by_hand_is_drift_until_up_with_a_refresh_mends_it(
    by_hand: Callable[[ECRClient, str], None],
    differences: dict[str, tuple[str, str]],
    dev: Deployment,
    ecr: ECRClient,
) -> None:
    digest = dev.output("image_digest")
    by_hand(ecr, dev.repository)
    code, found = drift(dev)
    named = {what: tuple(_named(text, digest) for text in both) for what, both in found.items()}
    assert (code, named) == (1, differences)
    dev.stack.refresh()
    dev.stack.up()
    assert drift(dev) == (0, {})


def _named(text: str, digest: str) -> str:
    return "DIGEST" if text == digest else "OTHER" if is_digest(text) else text
