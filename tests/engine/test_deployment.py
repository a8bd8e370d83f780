"""The program on the real engine, with real builds, pushes and pulls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from local.errors import EngineFailed, ProgramRefused
from tests.engine.bench import REGION
from tests.engine.conftest import Deployment

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.engine

Deploy = Callable[..., Deployment]


def only_unchanged(changes: object) -> bool:
    return isinstance(changes, dict) and set(changes) == {"same"}


def pushes(ecr: ECRClient, deployment: Deployment) -> dict[str, str]:
    """What each tag names: a build of the same content without a cache gets another digest, so a push would show."""
    images = ecr.describe_images(repositoryName=deployment.repository)["imageDetails"]
    return {tag: image["imageDigest"] for image in images for tag in image["imageTags"]}


def forget_builds(deployment: Deployment) -> None:
    """Leave Docker without the images and layers that it has built, as another machine would be."""
    url = deployment.output("repository_url")
    deployment.shell(f"docker images --quiet {url} | sort -u | xargs --no-run-if-empty docker rmi --force")
    deployment.shell("docker image prune --force")


def image_urn(deployment: Deployment) -> str:
    resources = deployment.stack.export()["resources"]
    assert isinstance(resources, list)
    (urn,) = (resource["urn"] for resource in resources if resource["type"] == "docker:index/image:Image")
    return str(urn)


def test_up_makes_all_that_the_stack_file_says_and_a_second_up_changes_nothing(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy()
    assert dev.stack.up().changes["create"] == 6
    assert only_unchanged(dev.stack.up().changes)
    assert only_unchanged(dev.stack.preview().changes)

    (repository,) = ecr.describe_repositories(repositoryNames=[dev.repository])["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfiguration"] == {"encryptionType": "AES256"}
    tags = ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    assert tags == [{"Key": "environment", "Value": "dev"}]
    policy = json.loads(ecr.get_lifecycle_policy(repositoryName=dev.repository)["lifecyclePolicyText"])
    assert [rule["selection"]["countNumber"] for rule in policy["rules"]] == [10]
    (image,) = ecr.describe_images(repositoryName=dev.repository)["imageDetails"]

    host = dev.cloud.layout.endpoint.removeprefix("http://")
    url = f"{host}/{dev.repository}"
    login = f"aws ecr get-login-password --region {REGION} | docker login --username AWS --password-stdin {host}"
    assert dev.stack.outputs() == {
        "repository_name": dev.repository,
        "repository_arn": repository["repositoryArn"],
        "repository_url": url,
        "registry_host": host,
        "docker_login_command": login,
        "image_tag": "v1.0.0",
        "image_digest": image["imageDigest"],
        "image_uri": f"{url}@{image['imageDigest']}",
        "pull_command": f"docker pull {url}@{image['imageDigest']}",
    }


def test_the_login_command_works_and_the_pulled_image_answers_http_200(deploy: Deploy) -> None:
    dev = deploy()
    dev.stack.up()
    login = dev.shell(dev.output("docker_login_command"))
    assert "Login Succeeded" in login.stdout, login.stderr
    uri = dev.output("image_uri")
    removed = dev.shell(f"docker rmi --force {uri} {dev.output('repository_url')}:v1.0.0")
    assert removed.returncode == 0, removed.stderr
    pulled = dev.shell(dev.output("pull_command"))
    assert pulled.returncode == 0, pulled.stderr
    page = dev.shell(f"docker run --rm --network none {uri} sh -c 'nginx && wget -S -O- http://127.0.0.1/ 2>&1'")
    assert "HTTP/1.1 200 OK" in page.stdout, page.stderr
    assert '<dd id="version">v1.0.0</dd>' in page.stdout


def test_secrets_stay_out_of_the_state_and_the_output(deploy: Deploy) -> None:
    dev = deploy()
    outcome = dev.stack.up()
    password = dev.shell(f"aws ecr get-login-password --region {REGION}").stdout.strip()
    assert password
    assert password not in outcome.output
    assert password not in json.dumps(dev.stack.outputs())
    files = [path for path in dev.cloud.layout.backend.rglob("*") if path.is_file()]
    assert any(dev.repository in path.read_text(errors="replace") for path in files)
    assert not [path for path in files if password in path.read_text(errors="replace")]


def test_refresh_sees_what_was_changed_by_hand_and_the_next_up_puts_it_right(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy()
    dev.stack.up()
    ecr.put_image_tag_mutability(repositoryName=dev.repository, imageTagMutability="IMMUTABLE")
    ecr.delete_lifecycle_policy(repositoryName=dev.repository)
    refreshed = dev.stack.refresh().changes
    assert (refreshed.get("update"), refreshed.get("delete")) == (1, 1)
    up = dev.stack.up().changes
    assert (up.get("update"), up.get("create")) == (1, 1)
    (repository,) = ecr.describe_repositories(repositoryNames=[dev.repository])["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
    assert ecr.get_lifecycle_policy(repositoryName=dev.repository)["lifecyclePolicyText"]


def test_changed_content_gets_a_tag_of_its_own_and_equal_content_the_old_one(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy(**{"build.tag": "v1-{content}", "tagMutability": "IMMUTABLE"})
    dev.stack.up()
    first = dev.stack.outputs()
    page = dev.context / "index.html"
    original = page.read_text()
    page.write_text(original.replace("It runs", "It still runs"))
    dev.stack.up()
    second = dev.stack.outputs()
    assert second["image_tag"] != first["image_tag"]
    assert second["image_digest"] != first["image_digest"]
    page.write_text(original)
    forget_builds(dev)
    before = pushes(ecr, dev)
    dev.stack.up()
    assert dev.stack.outputs() == first
    assert pushes(ecr, dev) == before
    assert only_unchanged(dev.stack.up().changes)
    assert len(ecr.describe_images(repositoryName=dev.repository)["imageDetails"]) == 2


def test_going_back_to_a_tag_that_is_published_moves_nothing(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy()
    dev.stack.up()
    first = dev.stack.outputs()
    dev.settings["build.tag"] = "v2"
    dev.stack.up()
    forget_builds(dev)
    before = pushes(ecr, dev)
    del dev.settings["build.tag"]
    dev.stack.up()
    assert dev.stack.outputs() == first
    assert pushes(ecr, dev) == before
    assert only_unchanged(dev.stack.up().changes)


def test_a_repository_that_is_replaced_gets_its_image_in_the_same_up(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy()
    dev.stack.up()
    dev.settings["encryption"] = "{type: KMS}"
    dev.stack.up()
    (image,) = ecr.describe_images(repositoryName=dev.repository)["imageDetails"]
    assert image["imageDigest"] == dev.output("image_digest")
    assert only_unchanged(dev.stack.up().changes)


def test_changed_content_under_a_mutable_tag_is_pushed(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy()
    dev.stack.up()
    first = dev.output("image_digest")
    (dev.context / "index.html").write_text("<p>another page</p>")
    changes = dev.stack.up().changes
    assert (changes.get("create"), changes.get("delete")) == (1, 1)
    assert dev.output("image_digest") != first
    images = ecr.describe_images(repositoryName=dev.repository, imageIds=[{"imageTag": "v1.0.0"}])["imageDetails"]
    assert images[0]["imageDigest"] == dev.output("image_digest")
    assert only_unchanged(dev.stack.up().changes)


def test_other_content_under_an_immutable_tag_is_refused_and_nothing_changes(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy(tagMutability="IMMUTABLE")
    dev.stack.up()
    before = dev.stack.outputs()
    (dev.context / "index.html").write_text("<p>another page</p>")
    dev.settings["scanOnPush"] = "false"
    with pytest.raises(ProgramRefused) as refused:
        dev.stack.up()
    message = str(refused.value)
    assert message.startswith(f"{dev.repository}:v1.0.0 can't be overwritten: it holds {before['image_digest']}")
    assert "Choose a new build.tag" in message
    assert dev.stack.outputs() == before
    (repository,) = ecr.describe_repositories(repositoryNames=[dev.repository])["repositories"]
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}


def test_an_image_that_the_state_has_lost_is_adopted(deploy: Deploy) -> None:
    dev = deploy(tagMutability="IMMUTABLE")
    dev.stack.up()
    before = dev.stack.outputs()
    dev.stack.cli("state", "delete", image_urn(dev), "--yes")
    assert dev.stack.up().changes.get("create") == 1
    assert dev.stack.outputs() == before
    assert only_unchanged(dev.stack.up().changes)
    # Adopted, not stuck: the next change is pushed again.
    dev.settings["build.tag"] = "v1.0.1"
    dev.stack.up()
    assert dev.output("image_tag") == "v1.0.1"


def test_an_image_that_somebody_deleted_is_pushed_again(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy(tagMutability="IMMUTABLE")
    dev.stack.up()
    before = dev.stack.outputs()
    ecr.batch_delete_image(repositoryName=dev.repository, imageIds=[{"imageTag": "v1.0.0"}])
    assert dev.stack.up().changes.get("update") == 1
    assert dev.stack.outputs() == before
    assert only_unchanged(dev.stack.up().changes)


def test_a_repository_that_somebody_deleted_comes_back_with_its_image(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy()
    dev.stack.up()
    before = dev.stack.outputs()
    ecr.delete_repository(repositoryName=dev.repository, force=True)
    dev.stack.refresh()
    dev.stack.up()
    assert dev.stack.outputs() == before
    assert only_unchanged(dev.stack.up().changes)


def test_an_image_without_the_label_is_left_to_the_state(deploy: Deploy) -> None:
    dev = deploy()
    (dev.context / "Dockerfile").write_text("FROM nginx:alpine\nCOPY index.html /usr/share/nginx/html/\n")
    dev.stack.up()
    assert only_unchanged(dev.stack.up().changes)
    (dev.context / "index.html").write_text("<p>another page</p>")
    assert dev.stack.up().changes.get("create") == 1
    assert only_unchanged(dev.stack.up().changes)


def test_destroy_refuses_while_images_are_inside_and_says_what_to_do(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy(forceDelete="false")
    dev.stack.up()
    with pytest.raises(EngineFailed, match=f"{dev.repository}.*forceDelete"):
        dev.stack.destroy()
    assert ecr.describe_images(repositoryName=dev.repository)["imageDetails"]


def test_destroy_with_force_delete_removes_the_images_too(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy()
    dev.stack.up()
    dev.stack.destroy()
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=[dev.repository])


def test_prod_is_protected_from_being_destroyed(deploy: Deploy, ecr: ECRClient) -> None:
    prod = deploy("prod", promote="")
    prod.stack.up()
    with pytest.raises(EngineFailed, match="protect"):
        prod.stack.destroy()
    assert ecr.describe_repositories(repositoryNames=[prod.repository])["repositories"]


def test_kms_encryption_makes_a_key_that_rotates(deploy: Deploy, ecr: ECRClient) -> None:
    staging = deploy("staging", encryption="{type: KMS}", promote="")
    assert staging.stack.up().changes["create"] == 5
    (repository,) = ecr.describe_repositories(repositoryNames=[staging.repository])["repositories"]
    key = repository["encryptionConfiguration"].get("kmsKey", "")
    rotation = staging.shell(f"aws kms get-key-rotation-status --key-id {key} --query KeyRotationEnabled")
    assert rotation.stdout.strip() == "true", rotation.stderr
    assert only_unchanged(staging.stack.up().changes)


def test_a_repository_that_exists_already_is_named(deploy: Deploy, ecr: ECRClient) -> None:
    staging = deploy("staging", promote="")
    ecr.create_repository(repositoryName=staging.repository)
    with pytest.raises(EngineFailed, match=f"{staging.repository}.*pulumi import"):
        staging.stack.up()
    ecr.delete_repository(repositoryName=staging.repository)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("tagMutability", "mutable", 'container-registry:tagMutability: "mutable" is not accepted'),
        ("lifecycle", "[{keep: 0}]", "container-registry:lifecycle[0].keep: 0 is not accepted"),
        ("encryption", "{type: KMS, keyArn: alias/x}", "container-registry:encryption.keyArn"),
        ("repositroy", "a/b", "container-registry:repositroy: is not a known key"),
        ("build.platform", "linux/z80", 'container-registry:build.platform: "linux/z80" is not accepted'),
    ],
)
def test_a_mistake_in_the_stack_file_is_one_line_and_nothing_is_created(
    deploy: Deploy, ecr: ECRClient, key: str, value: str, message: str
) -> None:
    dev = deploy()
    dev.settings[key] = value
    with pytest.raises(ProgramRefused) as refused:
        dev.stack.up()
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2
    assert dev.repository not in {found["repositoryName"] for found in ecr.describe_repositories()["repositories"]}
    del dev.settings[key]
    dev.stack.up()
