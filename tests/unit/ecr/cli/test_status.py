from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from ecr import aws
from ecr.aws import live
from ecr.errors import ExitCode, RemoteError
from tests.unit.ecr.cli.amazon import client, push, sign_in
from tests.unit.ecr.cli.projects import Deploy, chain, outputs
from tests.unit.ecr.cli.running import Shell


@pytest.fixture(autouse=True)
def _amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sign_in(monkeypatch)
    with mock_aws():
        yield


def columns(table: str, *numbers: int) -> list[tuple[str, ...]]:
    """Columns of the table's rows, split at two spaces or more."""
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in table.splitlines()[1:]]
    return [tuple(row[number] for number in numbers) for row in rows]


def test_the_stacks_are_listed_in_the_order_of_promotion(shell: Shell, deploy: Deploy) -> None:
    deploy(chain())
    ran = shell("status")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert columns(ran.out, 0, 4, 5, 6) == [
        ("dev", "-", "-", "none"),
        ("staging", "dev", "passed, max HIGH", "none"),
        ("prod", "staging", "passed, max HIGH", "none"),
    ]
    assert len({digest for (digest,) in columns(ran.out, 2)}) == 1


def test_the_json_has_one_entry_for_each_stack(shell: Shell, deploy: Deploy) -> None:
    stacks = chain()
    deploy(stacks)
    document = shell("status", "--json").json["stacks"]
    assert isinstance(document, list)
    assert [entry["stack"] for entry in document] == ["dev", "staging", "prod"]
    assert {entry["digest"] for entry in document} == {stacks["dev"]["image_digest"]}
    assert all(0 <= entry["age_seconds"] < 3600 for entry in document)


def untag() -> None:
    ecr = client()
    (image,) = ecr.batch_get_image(repositoryName="dev/yoon-app", imageIds=[{"imageTag": "v1.0.0"}])["images"]
    # ECR deletes an image with its last tag (API reference, BatchDeleteImage).
    ecr.put_image(repositoryName="dev/yoon-app", imageManifest=image["imageManifest"], imageTag="kept")
    ecr.batch_delete_image(repositoryName="dev/yoon-app", imageIds=[{"imageTag": "v1.0.0"}])


def delete_image() -> None:
    client().batch_delete_image(repositoryName="dev/yoon-app", imageIds=[{"imageTag": "v1.0.0"}])


def delete_repository() -> None:
    client().delete_repository(repositoryName="dev/yoon-app", force=True)


@pytest.mark.parametrize(
    ("change", "drift"),
    [
        pytest.param(untag, "tag deleted", id="tag"),
        pytest.param(delete_image, "image deleted", id="image"),
        pytest.param(delete_repository, "repository gone", id="repository"),
    ],
)
def test_what_was_changed_behind_a_stack_is_drift(
    change: Callable[[], None], drift: str, shell: Shell, deploy: Deploy
) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1.0.0"))})
    change()
    ran = shell("status")
    assert (ran.code, columns(ran.out, -1)) == (ExitCode.REFUSED, [(drift,)])


def test_a_tag_that_was_moved_is_drift(shell: Shell, deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1.0.0"))})
    other = "sha256:" + "b" * 64
    monkeypatch.setattr(aws.EcrRepository, "find_digest", lambda _self, _tag: other)
    ran = shell("status")
    assert (ran.code, columns(ran.out, -1)) == (ExitCode.REFUSED, [("tag moved to sha256:bbbbbbbbbbbb",)])


def test_stacks_without_an_image_or_without_outputs_are_listed(shell: Shell, deploy: Deploy) -> None:
    push("prod/yoon-app", "v1.0.0")
    deploy({"new": {}, "prod": outputs("prod")})
    ran = shell("status")
    assert ran.code == ExitCode.DONE
    assert columns(ran.out, *range(7)) == [("new", *"------"), ("prod", *"-----", "none")]


def test_only_the_named_stacks_are_asked(shell: Shell, deploy: Deploy) -> None:
    deploy(chain())
    assert columns(shell("status", "-s", "prod", "--stack", "dev", "-s", "prod").out, 0) == [("dev",), ("prod",)]


def test_a_project_without_stacks_says_so(shell: Shell, deploy: Deploy) -> None:
    deploy({})
    ran = shell("status")
    assert (ran.code, ran.out, ran.err) == (ExitCode.DONE, "", "no stacks; `pulumi stack init dev` makes one\n")


def test_a_registry_that_does_not_answer_leaves_the_other_rows(
    shell: Shell, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(chain())
    real = aws.EcrRepository.find_digest

    def find_digest(self: aws.EcrRepository, tag: str) -> str | None:
        if self.name == "staging/yoon-app":
            raise RemoteError("not allowed", service="ecr", operation="BatchGetImage", code="AccessDeniedException")
        return real(self, tag)

    monkeypatch.setattr(aws.EcrRepository, "find_digest", find_digest)
    ran = shell("status")
    assert (ran.code, ran.err) == (ExitCode.REMOTE, "error: stack staging: not allowed\n")
    assert columns(ran.out, 0, -1) == [("dev", "none"), ("staging", "unknown"), ("prod", "none")]


@pytest.fixture
def profiles(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The profiles that AWS was asked with."""
    asked: list[str | None] = []

    class Recorder(aws.EcrRepository):
        def __init__(self, name: str, *, profile: str | None = None, **options: str | None) -> None:
            asked.append(profile)
            super().__init__(name, **options)

    monkeypatch.setattr(live, "EcrRepository", Recorder)
    return asked


@pytest.mark.parametrize(
    ("arguments", "stack_file", "profile"),
    [
        pytest.param([], "config: {}", None, id="the-environments"),
        pytest.param([], "config: {aws:profile: ops}", "ops", id="the-stacks-own"),
        pytest.param(["--profile", "me"], "config: {aws:profile: ops}", "me", id="the-arguments"),
        pytest.param([], "not a stack file", None, id="unreadable-file"),
    ],
)
def test_aws_is_asked_with_the_profile_that_the_stack_is_deployed_with(  # noqa: PLR0917 - the columns of a table
    arguments: list[str], stack_file: str, profile: str | None, profiles: list[str | None], shell: Shell, deploy: Deploy
) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1.0.0"))})
    Path("Pulumi.dev.yaml").write_text(stack_file)
    assert shell("status", *arguments).code == ExitCode.DONE
    assert profiles == [profile]


def test_an_unknown_stack_is_bad_input(shell: Shell, deploy: Deploy) -> None:
    deploy({})
    ran = shell("status", "--stack", "nope")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err == "error: --stack=nope: no such stack; `pulumi stack ls` lists the stacks\n"


def test_outside_a_project_there_is_one_line(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = shell("status")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err.endswith("is in no Pulumi project; run the command in the folder that holds Pulumi.yaml\n")
