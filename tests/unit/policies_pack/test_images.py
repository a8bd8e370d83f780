from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.images import PLACES
from policies.rules.values import UNKNOWN, Value
from tests.unit.policies_pack.asking import said

DIGEST = "sha256:" + "0a" * 32
PINNED = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/web@{DIGEST}"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"

REFERENCES = {
    PINNED: True,
    f"localhost:4566/web:v1@{DIGEST}": True,
    f"nginx@{DIGEST}": True,
    "nginx": False,
    "nginx:latest": False,
    "": False,
    DIGEST: False,
    f"@{DIGEST}": False,
    f"nginx@{DIGEST[:-1]}": False,
    f"nginx@{DIGEST}0": False,
    f"nginx@{DIGEST.upper()}": False,
    f"nginx@{DIGEST}\n": False,
    f"nginx @{DIGEST}": False,
    f"nginx@sha512:{'0a' * 64}": False,
    "nginx:sha256-" + "0a" * 32: False,
}


def at(path: str, image: Value) -> dict[str, Value]:
    """Properties with an image at a path of the table."""
    key, _, below = path.partition(".")
    value: Value = at(below, image) if below else image
    return {key.removesuffix("[]"): [value] if key.endswith("[]") else value}


PATHS = [(type_token, path) for type_token, paths in PLACES.items() for path in paths]


@pytest.mark.parametrize(("image", "pinned"), REFERENCES.items(), ids=[repr(one)[:40] for one in REFERENCES])
def test_only_a_whole_digest_pins(image: str, pinned: bool) -> None:  # noqa: FBT001
    told = said("image-digests", "aws:lambda/function:Function", imageUri=image)
    assert [line.split(": name")[0] for line in told] == (
        [] if pinned else [f"imageUri is {image!r}, which may be another image tomorrow"]
    )


@pytest.mark.parametrize(("type_token", "path"), PATHS, ids=[f"{one.split(':')[1]} {path}" for one, path in PATHS])
def test_every_place_is_looked_at(type_token: str, path: str) -> None:
    assert said("image-digests", type_token, **at(path, PINNED)) == []
    [line] = said("image-digests", type_token, **at(path, "nginx:1"))
    assert line.startswith(f"{path.replace('[]', '[0]')} is 'nginx:1'")
    assert said("image-digests", type_token, **at(path, UNKNOWN)) == [f"? {path.replace('[]', '[0]')}"]
    assert said("image-digests", type_token) == []
    top = path.split(".", maxsplit=1)[0].removesuffix("[]")
    assert said("image-digests", type_token, **{top: UNKNOWN}) == [f"? {top}"]
    assert said("image-digests", type_token, **{top: None}) == []


@pytest.mark.parametrize("key", ["image", "Image", "IMAGE"])
def test_containers_in_json_are_read(key: str) -> None:
    containers = [{key: PINNED}, {"name": "sidecar", key: "envoy:1", "dockerLabels": {"image": "not one"}}]
    [line] = said("image-digests", TASK, containerDefinitions=json.dumps(containers))
    assert line.startswith(f"containerDefinitions[1].{key} is 'envoy:1'")


@pytest.mark.parametrize("text", ["", "{", "secret", "[" * 100_000], ids=["empty", "cut", "text", "deep"])
def test_what_is_not_json_is_told_without_its_text(text: str) -> None:
    [line] = said("image-digests", TASK, containerDefinitions=text)
    assert line == "containerDefinitions is not JSON, so nobody can tell what it deploys: write it as JSON"


def pod(*images: Value) -> dict[str, Value]:
    return {"containers": [{"name": "web", "image": image} for image in images]}


KUBERNETES: dict[str, tuple[str, dict[str, Value], list[str]]] = {
    "pod": ("kubernetes:core/v1:Pod", {"spec": pod("a:1")}, ["spec.containers[0].image"]),
    "deployment": (
        DEPLOYMENT,
        {"spec": {"template": {"spec": pod(PINNED, "a:1")}}},
        ["spec.template.spec.containers[1].image"],
    ),
    "init containers": (
        DEPLOYMENT,
        {"spec": {"template": {"spec": {"initContainers": [{"image": "a:1"}], **pod("b")}}}},
        ["spec.template.spec.initContainers[0].image", "spec.template.spec.containers[0].image"],
    ),
    "cron job": (
        "kubernetes:batch/v1:CronJob",
        {"spec": {"jobTemplate": {"spec": {"template": {"spec": pod("a")}}}}},
        ["spec.jobTemplate.spec.template.spec.containers[0].image"],
    ),
    "list": (
        "kubernetes:apps/v1:DeploymentList",
        {"items": [{"spec": pod("a")}]},
        ["items[0].spec.containers[0].image"],
    ),
    "custom resource": (
        "kubernetes:argoproj.io/v1alpha1:Rollout",
        {"spec": {"template": {"spec": pod("a")}}},
        ["spec.template.spec.containers[0].image"],
    ),
    "volume": (
        "kubernetes:core/v1:Pod",
        {"spec": {"volumes": [{"image": {"reference": "a:1"}}, {"image": {"reference": PINNED}}]}},
        ["spec.volumes[0].image.reference"],
    ),
    "by digest": (DEPLOYMENT, {"spec": {"template": {"spec": pod(PINNED)}}}, []),
    "a container without an image": (DEPLOYMENT, {"spec": {"containers": [{"name": "web"}, None, 7]}}, []),
    "no pods": ("kubernetes:core/v1:ConfigMap", {"data": {"image": "a:1"}}, []),
    "a schema": ("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", {"spec": {"containers": {}}}, []),
}
UNDECIDED: dict[str, tuple[dict[str, Value], str]] = {
    "image": ({"spec": pod(UNKNOWN)}, "? spec.containers[0].image"),
    "container": ({"spec": {"containers": [UNKNOWN]}}, "? spec.containers[0]"),
    "containers": ({"spec": {"containers": UNKNOWN}}, "? spec.containers"),
    "template": ({"spec": {"template": UNKNOWN}}, "? spec.template"),
    "spec": ({"spec": UNKNOWN}, "? spec"),
}


@pytest.mark.parametrize(("type_token", "properties", "places"), KUBERNETES.values(), ids=KUBERNETES)
def test_containers_of_kubernetes_are_found_at_any_depth(
    type_token: str, properties: dict[str, Value], places: list[str]
) -> None:
    assert [line.split(" ", 1)[0] for line in said("image-digests", type_token, **properties)] == places


@pytest.mark.parametrize(("properties", "line"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_is_not_known_is_told_as_such(properties: dict[str, Value], line: str) -> None:
    assert said("image-digests", DEPLOYMENT, **properties) == [line]


def test_other_unknown_values_are_none_of_its_business() -> None:
    properties: dict[str, Value] = {"metadata": {"name": UNKNOWN}, "spec": {"replicas": UNKNOWN, **pod(PINNED)}}
    assert said("image-digests", DEPLOYMENT, **properties) == []
    assert said("image-digests", "aws:lambda/function:Function", role=UNKNOWN, imageUri=PINNED) == []


def test_a_long_or_strange_image_is_told_on_one_short_line() -> None:
    [line] = said("image-digests", "aws:lambda/function:Function", imageUri="\x1b[31m\n" + "x" * 10_000)
    assert "\x1b" not in line
    assert "\n" not in line
    assert len(line) < 500


def test_strange_keys_are_told_on_one_line() -> None:
    [line] = said("image-digests", DEPLOYMENT, **{"a\nb\x1b[31m": pod("web")})
    assert line.startswith("a\\nb\\x1b[31m.containers[0].image is 'web'")


values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.just(UNKNOWN),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["spec", "containers", "image", "template", "reference"]), below, max_size=3)
    ),
    max_leaves=10,
)


@given(values, st.sampled_from([DEPLOYMENT, *PLACES]))
def test_no_properties_are_too_strange(value: Value, type_token: str) -> None:
    for path in PLACES.get(type_token, ("spec",)):
        for line in said("image-digests", type_token, **{path.partition(".")[0].removesuffix("[]"): value}):
            assert "\n" not in line
