"""`python -m ecr clean` on the local cloud: what nobody needs goes, and what a stack has deployed stays."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import pytest

from ecr.oci.manifest import OCI_INDEX, digest_of
from local.cloud import LocalCloud
from tests.engine.conftest import ROOT, Deployment
from tests.registries.proxy import Action, Mischief, Script, Seen, proxied

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.engine

Deploy = Callable[..., Deployment]
DEADLINE_S = 120


def held(ecr: ECRClient, deployment: Deployment) -> set[str]:
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=deployment.repository)
    return {image["imageDigest"] for page in pages for image in page["imageDetails"]}


def push_untagged(ecr: ECRClient, deployment: Deployment, count: int) -> list[str]:
    """The deployed image again and again, each time with other white space and so with another digest."""
    (image,) = ecr.batch_get_image(repositoryName=deployment.repository, imageIds=[{"imageTag": "v1.0.0"}])["images"]
    manifests = [image["imageManifest"] + " " * (number + 1) for number in range(count)]
    for manifest in manifests:
        ecr.put_image(repositoryName=deployment.repository, imageManifest=manifest)
    return [digest_of(manifest.encode()) for manifest in manifests]


def push_index(ecr: ECRClient, deployment: Deployment, *children: str, tag: str) -> str:
    entries = [
        {"mediaType": "application/vnd.docker.distribution.manifest.v2+json", "digest": child, "size": 1}
        for child in children
    ]
    manifest = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    ecr.put_image(
        repositoryName=deployment.repository,
        imageManifest=manifest,
        imageManifestMediaType=OCI_INDEX,
        imageTag=tag,
    )
    return digest_of(manifest.encode())


def command(*options: str) -> str:
    others = "--deploys-nothing staging --deploys-nothing prod"
    return f"cd {ROOT} && exec {sys.executable} -m ecr clean --stack dev {others} {' '.join(options)}"


def clean(deployment: Deployment, *options: str) -> tuple[int, Mapping[str, object]]:
    """Exit code and answer."""
    ran = deployment.shell(command(*options, "--json"))
    (found,) = json.loads(ran.stdout)["repositories"]
    assert found["error"] is None, found
    return ran.returncode, cast("Mapping[str, object]", found)


def digests(found: object) -> set[str]:
    return {each["digest"] for each in cast("list[Mapping[str, str]]", found)}


def test_what_nobody_needs_goes_and_the_deployed_image_stays(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy("dev")
    dev.stack.up()
    deployed = dev.output("image_digest")
    one, two, child = push_untagged(ecr, dev, 3)
    index = push_index(ecr, dev, child, tag="several")
    whole = {deployed, one, two, child, index}
    assert held(ecr, dev) == whole

    code, shown = clean(dev, "--untagged")
    assert (code, digests(shown["planned"]), digests(shown["bound"])) == (0, {one, two}, {child})
    assert held(ecr, dev) == whole

    code, done = clean(dev, "--untagged", "--delete")
    assert (code, set(cast("list[str]", done["deleted"])), done["left"]) == (0, {one, two}, [])
    assert held(ecr, dev) == {deployed, child, index}

    lost = dev.shell(f"cd {ROOT} && {sys.executable} -m ecr clean --stack dev --older-than 0d --delete")
    assert (lost.returncode, held(ecr, dev)) == (2, {deployed, child, index})
    assert "it can't be told what it deploys" in lost.stderr

    code, done = clean(dev, "--older-than", "0d", "--delete")
    assert (code, done["deleted"]) == (0, [index, child])
    assert held(ecr, dev) == {deployed}
    assert set(dev.stack.preview().changes) == {"same"}

    code, done = clean(dev, "--all", "--delete", "--confirm", dev.repository)
    assert (code, done["deleted"], digests(done["released"])) == (0, [deployed], {deployed})
    assert held(ecr, dev) == set()


def test_what_the_state_alone_tells_of_stays(deploy: Deploy, ecr: ECRClient) -> None:
    dev = deploy("dev")
    dev.stack.up()
    deployed = dev.output("image_digest")
    (other,) = push_untagged(ecr, dev, 1)
    exported = json.loads(dev.shell(f"cd {ROOT} && pulumi stack export -s dev").stdout)
    (root,) = [each for each in exported["deployment"]["resources"] if each["type"] == "pulumi:pulumi:Stack"]
    said, root["outputs"] = root["outputs"], {"repository_arn": root["outputs"]["repository_arn"]}
    (dev.context / "state.json").write_text(json.dumps(exported))
    bring = f"cd {ROOT} && pulumi stack import -s dev --file {dev.context / 'state.json'}"
    try:
        assert dev.shell(bring).returncode == 0
        code, done = clean(dev, "--older-than", "0d", "--delete")
        assert (code, done["deleted"], held(ecr, dev)) == (0, [other], {deployed})
    finally:
        root["outputs"] = said
        (dev.context / "state.json").write_text(json.dumps(exported))
        dev.shell(bring)


def test_a_command_that_ctrl_c_ends_says_what_is_deleted_and_goes_on(
    deploy: Deploy, ecr: ECRClient, cloud: LocalCloud
) -> None:
    dev = deploy("dev")
    dev.stack.up()
    deployed = dev.output("image_digest")
    push_untagged(ecr, dev, 250)
    running: list[subprocess.Popen[str]] = []
    requests: list[Seen] = []

    def stall(seen: Seen) -> Action:
        if not seen.headers.get("x-amz-target", "").endswith(".BatchDeleteImage"):
            return None
        requests.append(seen)
        if len(requests) < 2:
            return None
        running[0].send_signal(signal.SIGINT)
        return Mischief.STALL

    with proxied(cloud.layout.port, Script(stall)) as proxy:
        lines = "\n".join((*cloud.shell_lines(), f"export AWS_ENDPOINT_URL={proxy.base_url}"))
        process = subprocess.Popen(
            ["bash", "-c", f"{lines}\n{command('--untagged', '--delete')}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130, err
    assert out.splitlines()[-1].startswith(
        f"{dev.repository}: deleted 100 of 250 images; of 100 it is not known, as the request was under way; "
        "50 are not deleted; the same command goes on from there"
    )
    assert err.splitlines() == ["deleted 100 of 250", "interrupted"]
    assert len(held(ecr, dev)) == 151

    code, done = clean(dev, "--untagged", "--delete")
    assert (code, len(cast("list[str]", done["deleted"]))) == (0, 150)
    assert held(ecr, dev) == {deployed}
