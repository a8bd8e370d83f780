"""A pipeline whose stages are not what the files of their stacks say: refused before anything is registered."""

from __future__ import annotations

from pathlib import Path

import pytest

import pipeline_check
import settings

ROOT = Path(__file__).resolve().parents[2]
KEY = "container-registry:pipeline."
DEV = {"stack": "dev", "repository": "dev/app", "build": True}
STAGING: dict[str, object] = {"stack": "staging", "repository": "staging/app"}
STATE = {"bucket": "acme-state", "keyArn": "arn:aws:kms:eu-west-1:123456789012:key/1a2b"}
FILES = {
    "dev": "config: {container-registry:repository: dev/app, container-registry:build: {context: app}}",
    "staging": "config: {container-registry:repository: staging/app, container-registry:promote: {from: dev}}",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for stack, text in FILES.items():
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(text)
    return tmp_path


def lines(project: Path, *stages: dict[str, object], region: str | None = "eu-west-1") -> list[str]:
    pipeline = {"name": "shop", "source": {"repository": "acme/shop"}, "stages": [*stages], "state": STATE}
    found = settings.parse({"repository": "tools/app", "pipeline": pipeline}, project, region=region)
    return [str(error).removeprefix(KEY) for error in pipeline_check.errors(found, project)]


def test_stages_that_agree_with_the_files_of_their_stacks_pass(project: Path) -> None:
    assert lines(project, DEV, STAGING) == []


def test_a_stack_without_a_pipeline_reads_no_file(tmp_path: Path) -> None:
    assert list(pipeline_check.errors(settings.parse({"repository": "dev/app"}, tmp_path), tmp_path)) == []


def test_a_stack_named_with_its_organization_is_the_one_before(project: Path) -> None:
    path = project / "Pulumi.staging.yaml"
    path.write_text(path.read_text().replace("from: dev", "from: acme/shop/dev"))
    assert lines(project, DEV, STAGING) == []


DISAGREE = [
    pytest.param(
        [DEV, {**STAGING, "stack": "prod"}], ['stages[1].stack: "prod" has no stack file that can be read: '], id="none"
    ),
    pytest.param(
        [{**DEV, "repository": "dev/other"}],
        ['stages[0].repository: is "dev/other", and Pulumi.dev.yaml has "dev/app"'],
        id="repository",
    ),
    pytest.param(
        [{"stack": "dev", "repository": "dev/app"}],
        ["stages[0].build: is false, and Pulumi.dev.yaml has a build, which takes Docker"],
        id="no-docker",
    ),
    pytest.param(
        [DEV, {**STAGING, "build": True}],
        ["stages[1].build: is true, and Pulumi.staging.yaml has no build"],
        id="docker",
    ),
    pytest.param(
        [STAGING], ['stages[0].stack: promotes from "dev" (Pulumi.staging.yaml), and no stage comes before'], id="first"
    ),
    pytest.param(
        [STAGING, DEV],
        ['stages[0].stack: promotes from "dev" (Pulumi.staging.yaml), and no stage comes before'],
        id="order",
    ),
]


@pytest.mark.parametrize(
    ("promote", "beginnings"),
    [
        pytest.param('\'{"from": "dev"}\'', [], id="as JSON"),
        pytest.param(
            '\'{"from": "qa"}\'', ['stages[1].stack: promotes from "qa" (Pulumi.staging.yaml), and the'], id="other"
        ),
        pytest.param("{from: {secure: v1:abc}}", ["stages[1].stack: neither builds nor promotes"], id="encrypted"),
        pytest.param(
            "null", ["stages[1].stack: neither builds nor promotes an image (Pulumi.staging.yaml); "], id="none"
        ),
    ],
)
def test_what_a_stage_promotes_is_read_in_every_form(promote: str, beginnings: list[str], project: Path) -> None:
    (project / "Pulumi.staging.yaml").write_text(
        f"config:\n  container-registry:repository: staging/app\n  container-registry:promote: {promote}\n"
    )
    found = lines(project, DEV, STAGING)
    assert len(found) == len(beginnings), found
    assert [line for line, start in zip(found, beginnings, strict=True) if not line.startswith(start)] == []


@pytest.mark.parametrize(("build", "builds"), [("'{}'", False), ("'null'", False), ('\'{"context": "app"}\'', True)])
def test_a_build_is_read_in_every_form(build: str, project: Path, *, builds: bool) -> None:
    text = f"config:\n  container-registry:repository: dev/app\n  container-registry:build: {build}\n"
    (project / "Pulumi.dev.yaml").write_text(text)
    assert (lines(project, DEV) == []) is builds


@pytest.mark.parametrize(("stages", "beginnings"), DISAGREE)
def test_what_does_not_agree_is_named_by_its_key(
    project: Path, stages: list[dict[str, object]], beginnings: list[str]
) -> None:
    found = lines(project, *stages)
    assert len(found) == len(beginnings), found
    assert [line for line, start in zip(found, beginnings, strict=True) if not line.startswith(start)] == []


def test_a_stack_of_another_region_is_refused(project: Path) -> None:
    path = project / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("{container", "{aws:region: us-east-1, container", 1))
    assert lines(project, DEV) == [
        'stages[0].stack: is deployed to "us-east-1" (Pulumi.dev.yaml), and the pipeline to eu-west-1'
    ]
    assert lines(project, DEV, region=None) == []
