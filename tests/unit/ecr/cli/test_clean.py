from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest
from moto import mock_aws
from mypy_boto3_ecr.type_defs import ImageDetailTypeDef

from ecr import clean, protecting
from ecr.aws.deletion import EcrDeletion
from ecr.cleaning import Deleted
from ecr.errors import RemoteError
from tests.unit.ecr.cli import amazon
from tests.unit.ecr.cli.amazon import push, sign_in
from tests.unit.ecr.cli.projects import Deploy, outputs
from tests.unit.ecr.cli.running import Ran, Shell

NAME = "dev/yoon-app"


@pytest.fixture(autouse=True)
def _amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sign_in(monkeypatch)
    with mock_aws():
        yield


@pytest.fixture
def deploy(deploy: Deploy, tmp_path: Path) -> Deploy:
    """The stacks have files, too, as in any project; without a setting."""

    def install(
        stacks: Mapping[str, Mapping[str, object]],
        *,
        states: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
    ) -> None:
        for stack in stacks:
            (tmp_path / f"Pulumi.{stack.rpartition('/')[2]}.yaml").touch()
        deploy(stacks, states=states)

    return install


def held(name: str = NAME) -> set[str]:
    return {each["imageDigest"] for each in described(name)}


@pytest.fixture
def _pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two images in one request; a hundred take moto a while."""
    monkeypatch.setattr(clean, "BATCH_SIZE", 2)


def described(name: str = NAME) -> list[ImageDetailTypeDef]:
    return amazon.client().describe_images(repositoryName=name)["imageDetails"]


def only(ran: Ran) -> Mapping[str, object]:
    (found,) = cast("list[Mapping[str, object]]", ran.json["repositories"])
    return found


def untagged(*texts: str, name: str = NAME) -> list[str]:
    """Images without a tag, and one that has one; the digests of the first, the oldest first."""
    push(name, "tagged", "the last one")
    return [push(name, None, text) for text in texts]


def test_nothing_is_deleted_without_being_told_to(deploy: Deploy, shell: Shell) -> None:
    (one,) = untagged("one")
    deploy({"dev": outputs("dev")})
    before = held()
    ran = shell("clean", "--stack", "dev", "--untagged")
    assert (ran.code, held()) == (0, before)
    assert ran.out.splitlines()[-1].startswith(f"{NAME}: would delete 1 of 2 images, and free at most ")
    assert ran.out.splitlines()[-1].endswith("(layers that other images share stay)")
    assert one.removeprefix("sha256:")[:12] in ran.out
    assert ran.err == f"note: {NAME}: nothing is deleted; --delete does it\n"


def test_untagged_images_are_deleted_and_the_others_stay(deploy: Deploy, shell: Shell) -> None:
    one, two = untagged("one", "two")
    deploy({"dev": outputs("dev", two)})
    before = held()
    ran = shell("clean", "--stack", "dev", "--untagged", "--delete")
    assert (ran.code, held()) == (0, before - {one})
    assert f"stays: untagged {two[:19]} is deployed by stack dev" in ran.out
    assert f"{NAME}: deleted 1 of 1 image, " in ran.out
    again = shell("clean", "--stack", "dev", "--untagged", "--delete")
    assert (again.code, again.out.splitlines()[-1]) == (0, f"{NAME}: nothing to delete among 2 images")


def test_another_stacks_image_stays_whatever_the_repository(deploy: Deploy, shell: Shell) -> None:
    (one,) = untagged("one", name="other/app")
    deploy({"dev": outputs("dev"), "prod": outputs("prod", one)})
    found = only(shell("clean", "--repository", "other/app", "--untagged", "--delete", "--json"))
    assert (found["deleted"], one in held("other/app")) == ([], True)
    (protected,) = cast("list[Mapping[str, object]]", found["protected"])
    assert (protected["digest"], protected["reason"]) == (one, "deployed by stack prod")


def test_pinned_images_and_protected_patterns_stay(deploy: Deploy, shell: Shell, tmp_path: Path) -> None:
    pinned, kept, gone = (push(NAME, tag, tag) for tag in ("v1", "release-1", "v2"))
    deploy({"dev": outputs("dev"), "prod": outputs("prod")})
    (tmp_path / "Pulumi.dev.yaml").write_text(
        f"config:\n  container-registry:repository: {NAME}\n"
        '  container-registry:lifecycle: [{protect: ["release-*"]}, {keep: 3}]\n'
    )
    (tmp_path / "Pulumi.prod.yaml").write_text(
        f"config:\n  container-registry:promote: {{from: dev, digest: {pinned}}}\n"
    )
    found = only(shell("clean", "--stack", "dev", "--older-than", "0d", "--delete", "--json"))
    assert found["deleted"] == [gone]
    reasons = {each["digest"]: each["reason"] for each in cast("list[Mapping[str, object]]", found["protected"])}
    assert reasons == {pinned: "pinned by stack prod", kept: "protected by the pattern release-*"}


def test_all_is_refused_while_another_stack_needs_an_image(deploy: Deploy, shell: Shell) -> None:
    digest = push(NAME, "v1", "one")
    push(NAME, "v2", "two")
    deploy({"dev": outputs("dev", digest), "staging": outputs("staging", digest)})
    for options in ([], ["--delete", "--confirm", NAME]):
        ran = shell("clean", "--stack", "dev", "--all", *options)
        assert (ran.code, len(held())) == (1, 2)
        assert f"error: {NAME} can't be emptied: 1 image can't go; `--older-than 0d` deletes the others" in ran.err
        assert "is deployed by stack staging" in ran.out


def test_all_is_refused_for_a_repository_that_is_named_by_itself(deploy: Deploy, shell: Shell) -> None:
    digest = push(NAME, "v1", "one")
    deploy({"dev": outputs("dev", digest)})
    ran = shell("clean", "--repository", NAME, "--all", "--delete", "--confirm", NAME)
    assert (ran.code, held()) == (1, {digest})


def test_all_deletes_what_the_stack_that_ends_alone_needs(deploy: Deploy, shell: Shell, tmp_path: Path) -> None:
    deployed, pinned = push(NAME, "v1", "one"), push(NAME, "v2", "two")
    deploy({"acme/dev": outputs("dev", deployed)})
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  promote: {{from: x, digest: {pinned}}}\n")
    shown = shell("clean", "--stack", "acme/dev", "--all")
    assert (shown.code, held()) == (0, {deployed, pinned})
    assert f"note: {NAME}: stack acme/dev itself needs some of them, until it is destroyed" in shown.err
    others = shell("clean", "--stack", "acme/dev", "--older-than", "0d", "--delete")
    assert (others.code, held()) == (0, {deployed, pinned})
    done = only(shell("clean", "--stack", "acme/dev", "--all", "--delete", "--confirm", NAME, "--json"))
    assert (set(cast("list[str]", done["deleted"])), held()) == ({deployed, pinned}, set())
    released = {each["digest"]: each["reason"] for each in cast("list[Mapping[str, object]]", done["released"])}
    assert released == {deployed: "deployed by stack acme/dev", pinned: "pinned by stack dev"}


def test_all_spares_what_the_patterns_of_the_stack_that_ends_protect(
    deploy: Deploy, shell: Shell, tmp_path: Path
) -> None:
    kept = push(NAME, "release-1")
    deploy({"dev": outputs("dev")})
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  repository: renamed/app\n  lifecycle: [{protect: [release-*]}, {keep: 3}]\n"
    )
    for target in (("--stack", "dev"), ("--repository", NAME)):
        ran = shell("clean", *target, "--all", "--delete", "--confirm", NAME)
        assert (ran.code, held()) == (1, {kept})
        assert "protected by the pattern release-*" in ran.out
    (tmp_path / "Pulumi.dev.yaml").unlink()
    unknown = shell("clean", "--stack", "dev", "--all", "--delete", "--confirm", NAME)
    assert (unknown.code, held()) == (2, {kept})
    assert "stack dev: it can't be told what it protects" in unknown.err


def test_what_is_deleted_is_said_even_where_the_result_can_not_be_written(deploy: Deploy, shell: Shell) -> None:
    push(NAME, "tagged", "the last one")
    deploy({"dev": outputs("dev")})
    for options in ((), ("--json",)):
        digest = push(NAME, None, f"with {options}")
        with Path("/dev/full").open("w") as full, pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, "stdout", full)
            ran = shell("clean", "--stack", "dev", "--untagged", "--delete", *options)
        assert (ran.code, digest in held()) == (2, False)
        assert "stack dev: deleted 1 of 1 image" in ran.err
        assert f"stack dev: deleted {digest}" in ran.err
        assert options or "error: output: can't be written: No space left on device" in ran.err


@pytest.mark.usefixtures("_pairs")
def test_all_empties_a_repository_that_nobody_needs(deploy: Deploy, shell: Shell) -> None:
    for at in range(5):
        push(NAME, f"v{at}", str(at))
    deploy({"dev": outputs("dev")})
    ran = shell("clean", "--stack", "dev", "--all", "--delete", "--confirm", NAME)
    assert (ran.code, held()) == (0, set())
    assert f"{NAME}: deleted 5 of 5 images, " in ran.out
    assert ran.err.splitlines() == ["deleted 2 of 5", "deleted 4 of 5"]


def test_a_stack_that_is_said_to_deploy_nothing_is_not_asked_for(deploy: Deploy, shell: Shell, tmp_path: Path) -> None:
    (one,) = untagged("one")
    deploy({"dev": outputs("dev")})
    (tmp_path / "Pulumi.qa.yaml").write_text("config: {}")
    ran = shell("clean", "--stack", "dev", "--untagged", "--delete", "--deploys-nothing", "qa")
    assert (ran.code, one in held()) == (0, False)


def test_a_deployment_that_comes_in_between_is_seen(
    deploy: Deploy, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = untagged("one", "two")
    deploy({"dev": outputs("dev")})
    tags = EcrDeletion.tags

    def meanwhile(self: EcrDeletion, digests: list[str]) -> dict[str, frozenset[str]]:
        ecr = amazon.client()
        if not any("v9" in each.get("imageTags", ()) for each in described()):
            (image,) = ecr.batch_get_image(repositoryName=NAME, imageIds=[{"imageDigest": one}])["images"]
            ecr.put_image(repositoryName=NAME, imageManifest=image["imageManifest"], imageTag="v9")
        return tags(self, digests)

    monkeypatch.setattr(EcrDeletion, "tags", meanwhile)
    ran = shell("clean", "--stack", "dev", "--untagged", "--delete")
    assert (ran.code, one in held(), two in held()) == (1, True, False)
    assert f"{one[:19]} stays: its tags have changed meanwhile; they are: v9" in ran.err


@pytest.mark.usefixtures("_pairs")
def test_a_network_that_fails_half_way_is_told_and_the_command_goes_on(
    deploy: Deploy, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    untagged(*(str(at) for at in range(5)))
    deploy({"dev": outputs("dev")})
    delete, requests = EcrDeletion.delete, list[int]()

    def failing(self: EcrDeletion, digests: list[str]) -> Deleted:
        requests.append(len(digests))
        if len(requests) == 2:
            raise RemoteError("the network is gone", service="ecr", operation="X", code="EndpointConnectionError")
        return delete(self, digests)

    monkeypatch.setattr(EcrDeletion, "delete", failing)
    ran = shell("clean", "--stack", "dev", "--untagged", "--delete")
    assert ran.code == 3
    assert f"{NAME}: deleted 2 of 5 images; of 2 it is not known" in ran.out
    assert "error: the network is gone" in ran.err
    again = shell("clean", "--stack", "dev", "--untagged", "--delete", "--json")
    assert (again.code, len(cast("list[str]", only(again)["deleted"])), len(held())) == (0, 3, 1)


def test_nothing_is_deleted_when_it_can_not_be_told_what_is_needed(
    deploy: Deploy, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untagged("one")
    deploy({"dev": outputs("dev")})
    before = held()
    (tmp_path / "Pulumi.qa.yaml").write_text("config: {}")
    lost = shell("clean", "--repository", NAME, "--untagged", "--delete")
    assert (lost.code, held()) == (2, before)
    assert "stack qa: it can't be told what it deploys" in lost.err
    wrong = shell("clean", "--repository", NAME, "--untagged", "--delete", "--deploys-nothing", "dev")
    assert (wrong.code, held()) == (2, before)
    assert "--deploys-nothing: stack dev is in the backend, and it has deployed" in wrong.err
    (tmp_path / "Pulumi.qa.yaml").write_text("config: [")
    deploy({"dev": outputs("dev"), "qa": outputs("qa")})
    broken = shell("clean", "--repository", NAME, "--untagged", "--delete")
    assert (broken.code, held()) == (2, before)
    assert "Pulumi.qa.yaml: is not valid YAML" in broken.err
    (tmp_path / "Pulumi.qa.yaml").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = shell("clean", "--repository", NAME, "--untagged", "--delete")
    assert (missing.code, held()) == (2, before)
    assert "pulumi: there is no such command" in missing.err
    outside = tmp_path.parent / "outside"
    outside.mkdir()
    monkeypatch.chdir(outside)
    nowhere = shell("clean", "--repository", NAME, "--untagged", "--delete")
    assert (nowhere.code, held()) == (2, before)
    assert "is in no Pulumi project" in nowhere.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_before_anything_is_deleted_says_so(
    number: signal.Signals, deploy: Deploy, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = untagged("one")
    deploy({"dev": outputs("dev")})

    def come(_project: Path, _deploying_nothing: object) -> tuple[()]:
        os.kill(os.getpid(), number)
        return ()

    monkeypatch.setattr(protecting, "needs", come)
    ran = shell("clean", "--stack", "dev", "--untagged", "--delete")
    assert (ran.code, ran.out, one in held()) == (130, "", True)
    assert ran.err.splitlines() == ["nothing is deleted", "interrupted"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "clean: nothing is chosen"),
        (["--delete", "--stack", "dev"], "clean: nothing is chosen"),
        (["--older-than", "old"], '--older-than: "old" is not accepted'),
        (["--untagged", "--all", "--stack", "dev"], "--all: leaves nothing to choose"),
        (["--all"], "--all: is for one repository"),
        (["--all", "--stack", "dev", "--stack", "prod"], "--all: is for one repository"),
        (["--all", "--stack", "dev", "--repository", NAME], "--all: is for one repository"),
        (["--all", "--stack", "dev", "--repository", "dev"], "--all: is for one repository"),
        (["--untagged", "--delete"], "--delete: is for repositories that are named"),
        (["--all", "--stack", "dev", "--delete"], "--confirm: is missing"),
        (["--all", "--stack", "dev", "--confirm", NAME], "--confirm: is of no use"),
        (["--untagged", "--stack", "dev", "--delete", "--confirm", NAME], "--confirm: is of no use"),
        (
            ["--all", "--stack", "dev", "--delete", "--confirm", "prod/yoon-app"],
            f'--confirm: "prod/yoon-app" is not the repository\'s name, which is {NAME}',
        ),
        (["--untagged", "--region", "eu-west-1", "--stack", "dev"], "--region: is of no use"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_leave_something_open_are_refused(
    options: list[str], message: str, deploy: Deploy, shell: Shell
) -> None:
    push(NAME, "v1")
    deploy({"dev": outputs("dev"), "prod": outputs("prod")})
    ran = shell("clean", *options)
    assert (ran.code, len(held())) == (2, 1)
    assert message in ran.err


def test_an_empty_name_is_no_stack_and_not_the_selected_one(deploy: Deploy, shell: Shell) -> None:
    untagged("one")
    deploy({"dev": outputs("dev")})
    ran = shell("clean", "--stack", "", "--untagged", "--delete")
    assert (ran.code, len(held())) == (2, 2)
    assert '"" is no stack\'s name' in ran.err


def test_what_a_stack_of_another_organization_deploys_is_not_released(deploy: Deploy, shell: Shell) -> None:
    old = push(NAME, "old", "old")
    deploy({"dev": outputs("dev", push(NAME, "new", "new")), "acme/dev": outputs("dev", old)})
    ran = shell("clean", "--stack", "dev", "--all", "--delete", "--confirm", NAME)
    assert (ran.code, len(held())) == (1, 2)
    assert f"{NAME} can't be emptied: 1 image can't go" in ran.err


def test_a_repository_that_is_named_twice_is_cleaned_once(deploy: Deploy, shell: Shell) -> None:
    untagged("one", "two")
    deploy({"dev": outputs("dev")})
    ran = shell("clean", "--stack", "dev", "--repository", NAME, "--untagged", "--delete", "--json")
    assert (ran.code, len(held())) == (0, 1)
    (only_one,) = json.loads(ran.out)["repositories"]
    assert len(only_one["deleted"]) == 2
    assert f"note: repository {NAME}: its repository is named twice, and looked at once" in ran.err


def test_a_repository_that_is_gone_is_an_error_of_its_own(deploy: Deploy, shell: Shell) -> None:
    (one,) = untagged("one")
    deploy({"dev": outputs("dev"), "prod": outputs("prod")})
    ran = shell("clean", "--stack", "dev", "--stack", "prod", "--untagged", "--delete")
    assert (ran.code, one in held()) == (3, False)
    assert "there is no such repository" in ran.err
