"""Which policy and which images a lifecycle command takes; `simulate` stands for the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from ecr.aws import images, lifecycle, repository
from ecr.errors import ExitCode
from ecr.reference import EcrHost
from tests.unit.ecr.cli import lifecycle_files
from tests.unit.ecr.cli.amazon import HOST, client, push, sign_in
from tests.unit.ecr.cli.lifecycle_files import AT, FILES
from tests.unit.ecr.cli.running import Shell

POLICY, IMAGES = FILES[:2], FILES[2:]
KEEP_1 = {
    "rulePriority": 5,
    "description": "keep the latest one, whichever it may be",
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
    "action": {"type": "expire"},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    sign_in(monkeypatch)
    monkeypatch.chdir(tmp_path)
    lifecycle_files.write(tmp_path)
    with mock_aws():
        for tag in ("v1", "v2", "v3", "v4"):
            push("dev/yoon-app", tag, tag)
        push("other", "v1")
        policy = json.dumps({"rules": [KEEP_1]})
        client().put_lifecycle_policy(repositoryName="dev/yoon-app", lifecyclePolicyText=policy)
        yield tmp_path


def said(shell: Shell, *arguments: str) -> tuple[int, int, int]:
    """How many images expire, how many are archived, how many stay."""
    ran = shell("lifecycle", "simulate", *arguments, "--json")
    assert ran.code == ExitCode.DONE, ran.out
    expire, archive, keep = ran.json["expire"], ran.json["archive"], ran.json["keep"]
    assert isinstance(expire, list)
    assert isinstance(archive, list)
    assert isinstance(keep, int)
    return len(expire), len(archive), keep


FROM_FILES, BEYOND_3, BEYOND_1 = (2, 1, 3), (0, 1, 3), (3, 0, 1)


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        pytest.param([*FILES, *AT], FROM_FILES, id="two-files"),
        pytest.param(["--stack", "dev"], BEYOND_3, id="a-stack-and-its-repository"),
        pytest.param(["-s", "organization/container-registry/dev"], BEYOND_3, id="a-stack-by-its-long-name"),
        pytest.param(["--stack", "dev", *IMAGES, *AT], FROM_FILES, id="a-stacks-policy-on-a-file"),
        pytest.param([*POLICY, "--stack", "dev"], BEYOND_3, id="a-file-on-a-stacks-repository"),
        pytest.param(["--repository", "dev/yoon-app"], BEYOND_1, id="a-live-repository-with-its-policy"),
        pytest.param(["--repository", f"{HOST}/dev/yoon-app"], BEYOND_1, id="the-same-with-its-host"),
        pytest.param([*POLICY, "--repository", "dev/yoon-app"], BEYOND_3, id="a-file-on-a-live-repository"),
        pytest.param(["--repository", "dev/yoon-app", *IMAGES, *AT], (5, 0, 1), id="a-live-policy-on-a-file"),
        pytest.param(
            ["--stack", "dev", "--repository", "other"], (0, 0, 1), id="a-stacks-policy-on-another-repository"
        ),
        pytest.param(["--repository", "other", "--region", "eu-west-1", *POLICY], (0, 0, 1), id="a-region"),
    ],
)
def test_policy_and_images_come_from_where_the_options_say(
    arguments: list[str], counts: tuple[int, int, int], shell: Shell
) -> None:
    assert said(shell, *arguments) == counts


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param([], "--policy: there is no policy; name one with --policy, --stack or --repository", id="nothing"),
        pytest.param([*IMAGES], "--policy: there is no policy", id="no-policy"),
        pytest.param([*POLICY], "--images: there are no images; name some with --images, --stack or", id="no-images"),
        pytest.param(
            [*FILES, "--stack", "dev"], "--stack: is of no use, because --policy and --images say all", id="stack"
        ),
        pytest.param(
            [*FILES, "--repository", "other"], "--repository: is of no use, because --policy", id="repository"
        ),
        pytest.param(
            [*IMAGES, "--stack", "dev", "--repository", "other"],
            "--repository: is of no use, because --stack and --images say all",
            id="a-repository-beside-a-stack",
        ),
        pytest.param(
            [*POLICY, "--stack", "dev", "--repository", "other"],
            "--stack: is of no use, because --policy and --repository say all",
            id="a-stack-beside-a-repository",
        ),
        pytest.param([*FILES, "--profile", "x"], "--profile: is of no use, because everything is read", id="profile"),
        pytest.param([*FILES, "--region", "x"], "--region: is of no use, because everything is read", id="region"),
        pytest.param(
            ["--stack", "dev", *IMAGES, "--profile", "x"], "--profile: is of no use", id="profile-beside-a-stack"
        ),
        pytest.param(
            ["--repository", f"{HOST}/other", "--region", "eu-west-1"], "--region: is of no use, because", id="host"
        ),
        pytest.param(
            ["--stack", "dev", "--region", "x"], "--region: is of no use, because Pulumi.dev.yaml", id="its-region"
        ),
        pytest.param(["--repository", "Other"], '--repository: "Other" names no repository; acc', id="capitals"),
        pytest.param(["--repository", "docker.io/library/x"], None, id="another-registry"),
        pytest.param(["--repository", f"{HOST}/"], f'--repository: "{HOST}/" names no repository', id="no-name"),
        pytest.param(["--repository", f"{HOST}/x:v1"], f'--repository: "{HOST}/x:v1" names no rep', id="an-image"),
        pytest.param(["--policy", "", *IMAGES], '--policy: "" is not accepted; accepted: the name of', id="empty"),
        pytest.param([*POLICY, "--images", ""], '--images: "" is not accepted; accepted: the', id="empty-images"),
        pytest.param(
            ["--policy", "-", "--images", "-"], "--images: is -, and so is --policy; only one of", id="one-stdin"
        ),
        pytest.param(["--stack", "prod"], "Pulumi.prod.yaml: there is no such file in", id="no-such-stack"),
        pytest.param(
            ["--repository", "dev/yoon-app", "--now", "2020-01-01T00:00:00Z"],
            "--now: is 2020-01-01T00:00:00+00:00, but sha256:",
            id="the-past",
        ),
    ],
)  # fmt: skip
def test_options_that_contradict_each_other_or_nothing_are_refused(
    arguments: list[str], problem: str | None, shell: Shell
) -> None:
    ran = shell("lifecycle", "simulate", *arguments)
    if problem is None:
        # `docker.io/library/x` is a name that ECR accepts.
        assert ran.code == ExitCode.REMOTE
        return
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"error: {problem}")


def test_a_repository_that_is_not_there_is_a_remote_error(shell: Shell) -> None:
    ran = shell("lifecycle", "simulate", *POLICY, "--repository", "nothing")
    assert (ran.code, ran.out) == (ExitCode.REMOTE, "")
    assert ran.err == "error: repository nothing: there is no such repository; check its name and the Region\n"


def test_a_mistake_in_a_live_policy_says_where_it_stands(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps({"rules": [{**KEEP_1, "description": None}]})
    monkeypatch.setattr(lifecycle, "live_policy", lambda _repository: text)
    ran = shell("lifecycle", "simulate", "--repository", "dev/yoon-app")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err.startswith("error: live policy of repository dev/yoon-app: rules[0].description: null is not accept")


def test_a_repository_without_a_policy_is_said(shell: Shell) -> None:
    ran = shell("lifecycle", "simulate", "--repository", "other")
    assert (ran.code, ran.out) == (ExitCode.DONE, "would expire 0 of 1 image, archive 0\n")
    assert ran.err == "note: repository other has no lifecycle policy, so nothing expires\n"


def test_a_stack_without_a_policy_is_said(folder: Path, shell: Shell) -> None:
    text = "config: {container-registry:repository: dev/yoon-app, container-registry:lifecycle: []}"
    (folder / "Pulumi.dev.yaml").write_text(text)
    ran = shell("lifecycle", "simulate", "--stack", "dev")
    assert (ran.code, ran.out) == (ExitCode.DONE, "would expire 0 of 4 images, archive 0\n")
    assert ran.err == "note: stack dev has no lifecycle policy, so nothing expires\n"


@pytest.mark.parametrize("name", ["Yoon", "7", "null"])
def test_a_stack_has_to_name_its_repository(name: str, folder: Path, shell: Shell) -> None:
    (folder / "Pulumi.dev.yaml").write_text(f"config: {{container-registry:repository: {name}}}")
    ran = shell("lifecycle", "simulate", "--stack", "dev")
    assert ran.code == ExitCode.BAD_INPUT
    assert ran.err.startswith("error: container-registry:repository: ")


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        pytest.param(["--repository", "xy", "--region", "us-east-1"], ("us-east-1", None, None), id="region"),
        pytest.param(["--repository", "localhost:4566/xy"], (None, None, None), id="the-local-cloud"),
        pytest.param(["--repository", "xy", "--profile", "me"], (None, None, "me"), id="profile"),
        pytest.param(["--repository", f"{HOST}/xy"], ("eu-west-1", "123456789012", None), id="host"),
        pytest.param(["--stack", "dev"], ("eu-west-1", None, "theirs"), id="stack"),
        pytest.param(["--stack", "dev", "--profile", "me"], ("eu-west-1", None, "me"), id="stack-and-profile"),
        pytest.param(["--stack", "dev", "--repository", "xy"], ("eu-west-1", None, "theirs"), id="stack-and-name"),
        pytest.param(
            ["--stack", "dev", "--repository", f"{HOST.replace('eu', 'us')}/xy"],
            ("us-west-1", "123456789012", "theirs"),
            id="stack-and-host",
        ),
    ],
)
def test_the_repository_is_asked_where_the_options_say(
    arguments: list[str],
    where: tuple[str | None, str | None, str | None],
    folder: Path,
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[object, object, object]] = []

    class Nobody:
        name = "x"

        def __init__(
            self, _name: str, *, region: object = None, account: object = None, profile: object = None
        ) -> None:
            asked.append((region, account, profile))

    monkeypatch.setattr(repository, "EcrRepository", Nobody)
    monkeypatch.setattr(images.EcrImages, "existing", lambda _self: images.Listing((), frozenset()))
    (folder / "Pulumi.dev.yaml").write_text(f"{lifecycle_files.STACK}  aws:profile: theirs\n")
    policy = () if "--stack" in arguments else POLICY
    assert shell("lifecycle", "simulate", *arguments, *policy).code == ExitCode.DONE
    assert asked == [where]


def test_what_the_indexes_of_a_live_repository_list_is_read(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images.EcrImages, "with_children", lambda _self, found: found[:1])
    assert said(shell, "--repository", "dev/yoon-app") == (0, 0, 1)


def test_an_image_named_with_its_host_says_which_repository_is_meant(shell: Shell) -> None:
    ran = shell("lifecycle", "explain", f"{HOST}/dev/yoon-app:v4", "--json")
    assert (ran.code, ran.json["tags"]) == (ExitCode.DONE, ["v4"])


@pytest.mark.parametrize("where", [("--repository", "dev/yoon-app"), ("--stack", "dev")], ids=["repository", "stack"])
def test_an_image_of_another_repository_is_refused(where: tuple[str, str], shell: Shell) -> None:
    ran = shell("lifecycle", "explain", f"{HOST}/other:v1", *where)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err == "error: IMAGE: is one of other, but the images of dev/yoon-app are looked at\n"


@pytest.mark.parametrize(
    ("account", "region"),
    [pytest.param("999999999999", None, id="account"), pytest.param(None, "us-west-2", id="region")],
)
def test_an_image_of_a_repository_of_the_same_name_elsewhere_is_refused(
    account: str | None, region: str | None, shell: Shell
) -> None:
    here = EcrHost.parse(HOST)
    assert here is not None
    host = f"{account or here.account}.dkr.ecr.{region or here.region}.amazonaws.com"
    ran = shell("lifecycle", "explain", f"{host}/dev/yoon-app:v1", "--repository", "dev/yoon-app")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err.startswith(f"error: IMAGE: is one of {host}, but the images of dev/yoon-app in account ")


def test_a_name_that_looks_like_a_host_is_a_name(shell: Shell) -> None:
    ran = shell("lifecycle", "simulate", "--repository", "amazonaws/app", "--region", "eu-west-1", *POLICY)
    assert ran.code == ExitCode.REMOTE
    assert "amazonaws/app: there is no such repository" in ran.err


def test_indexes_in_a_file_without_their_lists_are_said(folder: Path, shell: Shell) -> None:
    index = lifecycle_files.image(1, 1, imageManifestMediaType="application/vnd.oci.image.index.v1+json")
    lifecycle_files.write(folder, images=[index])
    ran = shell("lifecycle", "simulate", *FILES, *AT)
    assert ran.code == ExitCode.DONE
    assert ran.err.startswith('note: images.json: what 1 of its indexes list is unknown; add the "images" that')
