"""What a node does with what a stack has published: pull it by its digest, and run it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import cast

import pytest
import urllib3
import yaml

from tests.engine.conftest import ROOT, Deployment, had_here
from tests.engine.node import Node, Pod, containerd

pytestmark = pytest.mark.engine

Deploy = Callable[..., Deployment]

SERVE = ["sh", "-c", "nginx 2>/dev/null && wget -qO- http://127.0.0.1/"]
# Debian's nginx, of which nginx:alpine is made where Docker Hub can't be reached, keeps its temporary files here.
WRITABLE = ("/run", "/var/cache/nginx", "/var/lib/nginx")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Node]:
    with ExitStack() as stack:
        with had_here(pytestconfig):
            running = stack.enter_context(containerd(tmp_path_factory.mktemp("node")))
        yield running


def content(page: str) -> str:
    """What the page of the test image says that it is made of."""
    found = re.search(r'<dd id="content-digest">(.*?)</dd>', page)
    assert found, page
    return found[1]


def manifest(deployment: Deployment, *options: str) -> dict[str, object]:
    """The Deployment that the command renders from the stack's outputs."""
    command = " ".join([sys.executable, "-m", "ecr", "manifest", deployment.name, *options])
    ran = deployment.shell(f"cd {ROOT} && {command}")
    assert ran.returncode == 0, ran.stderr
    (document,) = yaml.safe_load_all(ran.stdout)
    return cast("dict[str, object]", document)


def pod_of(document: dict[str, object]) -> Pod:
    spec = cast("dict[str, dict[str, Pod]]", document["spec"])
    return spec["template"]["spec"]


def test_a_node_pulls_what_the_manifest_names_and_serves_its_page_under_its_restrictions(
    deploy: Deploy, node: Node
) -> None:
    dev = deploy()
    dev.stack.up()
    folders = [f"--writable {folder}" for folder in WRITABLE]
    pod = pod_of(manifest(dev, "--check", "--probe", "/", *folders))
    (container,) = cast("list[Pod]", pod["containers"])
    image = str(container["image"])
    assert image == dev.output("image_uri")

    pulled = node.pull(image)
    assert pulled.returncode == 0, pulled.stderr
    assert node.digest(image) == dev.output("image_digest")
    served = node.run_as(pod, SERVE)
    assert served.returncode == 0, served.stderr
    assert '<dd id="version">v1.0.0</dd>' in served.stdout

    who = node.run_as(pod, ["sh", "-c", "id -u; grep -E 'CapBnd|NoNewPrivs' /proc/self/status; ! touch /etc/x"])
    assert who.returncode == 0, who.stderr
    assert who.stdout.split() == ["101", "CapBnd:", "0" * 16, "NoNewPrivs:", "1"]


def test_a_digest_that_is_not_there_is_not_pulled(deploy: Deploy, node: Node) -> None:
    dev = deploy()
    dev.stack.up()
    wrong = f"{dev.output('repository_url')}@sha256:{'0' * 64}"
    pulled = node.pull(wrong)
    assert pulled.returncode != 0
    assert "not found" in pulled.stderr


def test_a_tag_that_moves_does_not_change_what_runs(deploy: Deploy, node: Node) -> None:
    dev = deploy(tagMutability="MUTABLE")
    dev.stack.up()
    image, tag = dev.output("image_uri"), f"{dev.output('repository_url')}:v1.0.0"
    page = dev.context / "index.html"
    page.write_text(page.read_text().replace("</body>", "<p>moved</p></body>"))
    dev.stack.up()
    assert dev.output("image_uri") != image

    for name in (image, tag):
        pulled = node.pull(name)
        assert pulled.returncode == 0, pulled.stderr
    old, new = node.run(image, SERVE), node.run(tag, SERVE)
    assert (old.returncode, new.returncode) == (0, 0), (old.stderr, new.stderr)
    assert ("moved" in old.stdout, "moved" in new.stdout) == (False, True)
    assert content(old.stdout) != content(new.stdout)


def test_the_check_refuses_an_image_that_somebody_has_deleted(deploy: Deploy) -> None:
    dev = deploy()
    dev.stack.up()
    # By the registry's own protocol: the emulator's BatchDeleteImage leaves manifests where they can be pulled.
    url = f"{dev.cloud.layout.endpoint}/v2/{dev.repository}/manifests/{dev.output('image_digest')}"
    assert urllib3.request("DELETE", url).status == 202
    ran = dev.shell(f"cd {ROOT} && {sys.executable} -m ecr manifest {dev.name} --check")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "FAILED manifest" in ran.stderr
    assert "can't be pulled from here" in ran.stderr
