from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.images import ALSO_ACCEPTED, PLACES
from policies.rules.values import UNKNOWN, Value
from tests.unit.policies_pack import sdk
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


CODE_BUILD = "aws:codebuild/project:Project"
LIGHTSAIL = "aws:lightsail/containerServiceDeploymentVersion:ContainerServiceDeploymentVersion"
OWN_NAMES = [
    (CODE_BUILD, "aws/codebuild/standard:7.0", True),
    (CODE_BUILD, "aws/codebuild/amazonlinux-x86_64-lambda-standard:python3.12", True),
    (CODE_BUILD, "aws/codebuild/", False),
    (CODE_BUILD, "evil/aws/codebuild/standard:7.0", False),
    (CODE_BUILD, "python:3", False),
    (LIGHTSAIL, ":my-service.web.12", True),
    (LIGHTSAIL, ":my-service.web.latest", False),
    (LIGHTSAIL, "my-service.web.12", False),
    (LIGHTSAIL, "nginx", False),
    (TASK, "aws/codebuild/standard:7.0", False),
    (TASK, ":my-service.web.12", False),
]


@pytest.mark.parametrize(("type_token", "image", "accepted"), OWN_NAMES, ids=str)
def test_names_that_only_a_service_knows_pass_where_it_reads_them(type_token: str, image: str, accepted: bool) -> None:  # noqa: FBT001
    told = [line for path in PLACES[type_token] for line in said("image-digests", type_token, **at(path, image))]
    assert (told == []) is accepted
    assert PLACES.keys() >= ALSO_ACCEPTED.keys()


# What the SDK has beside the places that the policy looks at.
PASSED_OVER = {
    (
        "aws:imagebuilder/containerRecipe:ContainerRecipe",
        "parentImage",
    ): "what is built from, a FROM",
    ("aws:imagebuilder/containerRecipe:ContainerRecipe", "instanceConfiguration.image"): "an AMI",
    ("aws:imagebuilder/imageRecipe:ImageRecipe", "parentImage"): "an AMI",
}
IMAGE = re.compile(r"(\w*I|i)mage|(\w*I|i)mage(Uri|Identifier)|(\w*C|c)ontainerUri")
# Texts that hold JSON, or that may: the SDK says no more of them.
IN_JSON = re.compile(r"(containerDefinitions|containerProperties|ecsProperties|nodeProperties)\b.*")


def test_no_image_of_the_sdk_is_forgotten() -> None:
    """A new resource that runs images belongs into `PLACES`; another one into the table above, with the reason."""
    found = find_spec("pulumi_aws")
    assert found is not None
    assert found.origin is not None
    there = set(sdk.texts(Path(found.origin).parent, IMAGE))
    looked_at = {one for one in PATHS if one[0].startswith("aws:")}
    assert there - looked_at == PASSED_OVER.keys()
    assert {path for _, path in looked_at - there if not IN_JSON.fullmatch(path)} == set()


@pytest.mark.parametrize("key", ["image", "Image", "IMAGE"])
def test_containers_in_json_are_read(key: str) -> None:
    containers = [{key: PINNED}, {"name": "sidecar", key: "envoy:1", "dockerLabels": {"image": "not one"}}]
    [line] = said("image-digests", TASK, containerDefinitions=json.dumps(containers))
    assert line.startswith(f"containerDefinitions[1].{key} is 'envoy:1'")


@pytest.mark.parametrize("text", ["", "{", "secret", "[" * 100_000], ids=["empty", "cut", "text", "deep"])
def test_what_is_not_json_is_told_without_its_text(text: str) -> None:
    [line] = said("image-digests", TASK, containerDefinitions=text)
    assert line == "containerDefinitions is not JSON, so nobody can tell what it deploys: write it as JSON"


def test_a_key_that_is_there_twice_hides_no_image() -> None:
    text = f'[{{"image": "nginx:1", "image": "{PINNED}"}}]'
    [line] = said("image-digests", TASK, containerDefinitions=text)
    assert line.startswith("containerDefinitions has the key 'image' twice, so nobody can tell what it deploys: write")
    labels = json.dumps([{"image": PINNED, "dockerLabels": {"App": "a", "app": "b"}}])
    assert said("image-digests", TASK, containerDefinitions=labels) == []


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
    "a template of Argo": (
        "kubernetes:argoproj.io/v1alpha1:Workflow",
        {"spec": {"templates": [{"container": {"image": "a:1"}}, {"script": {"image": "b", "source": "x"}}]}},
        ["spec.templates[0].container.image", "spec.templates[1].script.image"],
    ),
    "steps of Argo, which name templates": (
        "kubernetes:argoproj.io/v1alpha1:Workflow",
        {"spec": {"templates": [{"steps": [[{"name": "a", "template": "b"}]], "sidecars": [{"image": "a"}]}]}},
        ["spec.templates[0].sidecars[0].image"],
    ),
    "steps of Tekton": (
        "kubernetes:tekton.dev/v1:Task",
        {"spec": {"stepTemplate": {"image": "a"}, "steps": [{"image": PINNED, "script": "x"}, {"image": "b:1"}]}},
        ["spec.stepTemplate.image", "spec.steps[1].image"],
    ),
    "other things of these names": (
        "kubernetes:example.com/v1:Recipe",
        {"spec": {"steps": ["stir", "bake"], "container": "bowl", "script": "stir", "sidecars": "none"}},
        [],
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
