"""The lifecycle guard on the real engine: told or refused before anything changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ecr import stack_file
from ecr.oci.manifest import digest_of
from local.cloud import LocalCloud
from local.errors import ProgramRefused
from tests.engine.conftest import Deployment, clean_up
from tests.registries.proxy import Decide, Reply, Script, Seen, proxied

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.engine

Deploy = Callable[..., Deployment]
CIPHERTEXT = re.compile(r'"ciphertext": "[^"]*"')
DESCRIBE = ".DescribeImages"


def publish(dev: Deployment, tag: str) -> str:
    """Build and push other content under a tag; its digest."""
    page = dev.context / "index.html"
    page.write_text(page.read_text() + f"<!-- {tag} -->\n")
    dev.settings["build.tag"] = tag
    dev.stack.up()
    return dev.output("image_digest")


def facts(deployment: Deployment, ecr: ECRClient) -> tuple[object, ...]:
    """All that a refused operation must leave as it was: the policy, the images, the stack's resources and outputs.

    Reading another stack's outputs adds the engine's own default provider to the state, and nothing else. Secrets are
    encrypted anew whenever the state is written, and resources that do not need each other are listed in the order in
    which the engine happened to register them.
    """
    name = deployment.repository
    resources = deployment.stack.export()["resources"]
    assert isinstance(resources, list)
    kept = sorted((one for one in resources if one["type"] != "pulumi:providers:pulumi"), key=itemgetter("urn"))
    images = ecr.describe_images(repositoryName=name)["imageDetails"]
    return (
        ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"],
        sorted((image["imageDigest"], *image.get("imageTags", ())) for image in images),
        CIPHERTEXT.sub("", json.dumps(kept)),
    )


def refused(deployment: Deployment, operation: str) -> str:
    """The one line that a refused operation leaves the user with."""
    with pytest.raises(ProgramRefused) as raised:
        getattr(deployment.stack, operation)()
    message = str(raised.value)
    assert "\n" not in message
    assert "Traceback" not in raised.value.output
    assert raised.value.exit_code == 1
    return message


@contextmanager
def behind(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, decide: Decide) -> Iterator[Script]:
    """The local cloud behind a proxy."""
    given, script = cloud.environment(), Script(decide)
    with proxied(cloud.layout.port, script) as proxy, monkeypatch.context() as patched:
        patched.setattr(cloud, "environment", lambda: {**given, "AWS_ENDPOINT_URL": proxy.base_url})
        yield script


def asked(script: Script, operation: str) -> int:
    return sum(seen.headers.get("x-amz-target", "").endswith(operation) for seen in script.seen)


def deny(seen: Seen) -> Reply | None:
    """Not allowed to list images."""
    if not seen.headers.get("x-amz-target", "").endswith(DESCRIBE):
        return None
    body = {"__type": "AccessDeniedException", "message": "not authorized to perform: ecr:DescribeImages"}
    return Reply(400, (("Content-Type", "application/x-amz-json-1.1"),), json.dumps(body).encode())


def push(ecr: ECRClient, deployment: Deployment, tag: str, *, other_than: str) -> str:
    """Push an image past the stack, as a pipeline would, that counts as younger than a given one; its digest.

    The emulator's clock has seconds. Of images of one second, the smaller digest counts as younger.
    """
    manifest = manifest_of(ecr, deployment, other_than)
    while digest_of(manifest.encode()) >= other_than:
        manifest += " "
    ecr.put_image(repositoryName=deployment.repository, imageManifest=manifest, imageTag=tag)
    return digest_of(manifest.encode())


def manifest_of(ecr: ECRClient, deployment: Deployment, digest: str) -> str:
    answer = ecr.batch_get_image(repositoryName=deployment.repository, imageIds=[{"imageDigest": digest}])
    return answer["images"][0]["imageManifest"] if answer["images"] else '{"schemaVersion":2}'


def test_a_policy_that_would_expire_the_deployed_image_is_refused_and_nothing_changes(
    deploy: Deploy, ecr: ECRClient
) -> None:
    dev = deploy("dev")
    dev.stack.up()
    deployed = dev.output("image_digest")
    push(ecr, dev, "v2", other_than=deployed)
    before = facts(dev, ecr)
    dev.settings |= {"lifecycle": "[{keep: 1}]", "lifecycleGuard": "enforce"}
    for operation in ("preview", "up"):
        assert refused(dev, operation) == (
            f"repository {dev.repository}: the lifecycle guard refuses: the policy would expire v1.0.0 "
            f"({deployed[:19]}) by rule 1 (keep the latest 1 images), but it is deployed by this stack; "
            "change container-registry:lifecycle, such as by a rule {protect: [PATTERN]} before the others, or set "
            "container-registry:lifecycleGuard to warn"
        )
        assert facts(dev, ecr) == before

    dev.settings["lifecycle"] = "[{protect: [v1*]}, {keep: 1}]"
    dev.stack.up()
    assert "v1*" in str(facts(dev, ecr)[0])


def test_a_push_that_would_doom_the_deployed_image_is_refused_and_nothing_is_pushed(
    deploy: Deploy, ecr: ECRClient
) -> None:
    dev = deploy("dev", lifecycle="[{keep: 1}]", lifecycleGuard="enforce")
    dev.stack.up()
    before = facts(dev, ecr)
    page = dev.context / "index.html"
    page.write_text(page.read_text() + "<!-- next -->\n")
    dev.settings["build.tag"] = "v2"
    for operation in ("preview", "up"):
        message = refused(dev, operation)
        assert f"repository {dev.repository}: the lifecycle guard refuses: the policy would expire v1.0.0 (" in message
        assert "but it is deployed by this stack" in message
        assert facts(dev, ecr) == before


def test_a_guard_that_warns_names_the_images_and_goes_on_and_a_second_up_changes_nothing(
    deploy: Deploy, ecr: ECRClient
) -> None:
    dev = deploy("dev")
    dev.stack.up()
    deployed = dev.output("image_digest")
    push(ecr, dev, "v2", other_than=deployed)
    before = facts(dev, ecr)
    dev.settings["lifecycle"] = "[{keep: 1}]"
    told = (
        f"repository {dev.repository}: within a day, the lifecycle policy would expire 1 of 2 images:",
        f"expire v1.0.0 ({deployed[:19]}) by rule 1 (keep the latest 1 images), but it is deployed by this stack",
    )
    outcome = dev.stack.preview()
    assert all(line in outcome.output for line in ("warning:", *told))
    assert facts(dev, ecr) == before
    outcome = dev.stack.up()
    assert outcome.changes["update"] == 1
    assert all(line in outcome.output for line in told)
    assert facts(dev, ecr)[0] != before[0]
    assert facts(dev, ecr)[1] == before[1]
    assert set(dev.stack.up().changes) == {"same"}
    assert set(dev.stack.preview().changes) == {"same"}


def test_what_another_stack_has_promoted_or_pinned_is_protected_where_it_came_from(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev, staging = deploy("dev"), deploy("staging")
    first = publish(dev, "v1")
    staging.stack.up()
    assert staging.output("image_digest") == first
    publish(dev, "v2")
    dev.settings |= {"lifecycle": "[{keep: 1}]", "lifecycleGuard": "enforce"}
    assert f"expire v1 ({first[:19]}) by rule 1 (keep the latest 1 images), but it is published by stack staging" in (
        refused(dev, "preview")
    )

    clean_up(staging)
    outcome = dev.stack.preview()
    assert f"expire v1 ({first[:19]}) by rule 1 (keep the latest 1 images)" in outcome.output
    assert "but it is" not in outcome.output

    read = stack_file.read

    def pinned(project: Path, stack: str) -> Mapping[str, object]:
        pin = {"container-registry:promote": {"from": "staging", "digest": first}}
        return {**read(project, stack), **(pin if stack == "prod" else {})}

    monkeypatch.setattr(stack_file, "read", pinned)
    assert "but it is pinned by stack prod" in refused(dev, "preview")


@pytest.mark.parametrize("guard", ["warn", "enforce"])
def test_without_a_repository_the_guard_is_silent(
    deploy: Deploy, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    staging = deploy("staging", promote="", lifecycleGuard=guard)
    with behind(cloud, monkeypatch, lambda _seen: None) as script:
        outcome = staging.stack.preview()
    assert asked(script, DESCRIBE) == 1
    assert "lifecycle policy would" not in outcome.output
    assert "warning" not in outcome.output


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"lifecycleGuard": "off"}, id="off"),
        pytest.param({"lifecycle": "[]", "lifecycleGuard": "enforce"}, id="no-policy"),
    ],
)
def test_a_guard_with_nothing_to_guard_asks_nobody(
    deploy: Deploy, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    staging = deploy("staging", promote="", **settings)
    with behind(cloud, monkeypatch, lambda _seen: None) as script:
        staging.stack.preview()
    assert asked(script, DESCRIBE) == 0


def test_not_being_allowed_to_list_images_is_said_by_warn_and_refused_by_enforce(
    deploy: Deploy, ecr: ECRClient, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = deploy("staging", promote="")
    staging.stack.up()
    before = facts(staging, ecr)
    staging.settings["lifecycle"] = "[{keep: 3}]"
    denied = f"repository {staging.repository}: ecr DescribeImages failed with AccessDeniedException: not authorized"
    with behind(cloud, monkeypatch, deny):
        staging.settings["lifecycleGuard"] = "enforce"
        for operation in ("preview", "up"):
            message = refused(staging, operation)
            assert "the lifecycle guard refuses: it can't be told which images the policy would expire" in message
            assert denied in message
            assert facts(staging, ecr) == before
        staging.settings["lifecycleGuard"] = "warn"
        outcome = staging.stack.up()
    assert "it can't be told which images the lifecycle policy would expire" in outcome.output
    assert denied in outcome.output
    assert outcome.changes["update"] == 1
