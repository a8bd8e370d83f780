from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from moto import mock_aws

from ecr import aws
from ecr.aws import live_settings
from ecr.errors import ExitCode, RemoteError
from tests.unit.ecr.cli.amazon import ACCOUNT, REGION, client, push, sign_in
from tests.unit.ecr.cli.projects import Deploy, outputs
from tests.unit.ecr.cli.running import Shell

RULE = {
    "rulePriority": 1,
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
    "action": {"type": "expire"},
}
STATEMENT = {"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": ["ecr:BatchGetImage"]}
LIFECYCLE = json.dumps({"rules": [RULE]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})


@pytest.fixture(autouse=True)
def _amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sign_in(monkeypatch)
    with mock_aws():
        yield


def name(stack: str) -> str:
    return f"{stack}/yoon-app"


def arn(stack: str) -> str:
    return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name(stack)}"


def deployed(stack: str) -> tuple[dict[str, object], list[dict[str, object]]]:
    """A repository with an image, and what its stack says of it: outputs and state."""
    ecr = client()
    ecr.create_repository(
        repositoryName=name(stack),
        imageTagMutability="MUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        tags=[{"Key": "team", "Value": "platform"}],
    )
    ecr.put_lifecycle_policy(repositoryName=name(stack), lifecyclePolicyText=LIFECYCLE)
    ecr.set_repository_policy(repositoryName=name(stack), policyText=POLICY)
    repository = {
        "name": name(stack),
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "AES256", "kmsKey": ""}],
        "tagsAll": {"team": "platform"},
    }
    state: list[dict[str, object]] = [
        {"type": "aws:ecr/repository:Repository", "outputs": repository},
        {
            "type": "aws:ecr/lifecyclePolicy:LifecyclePolicy",
            "outputs": {"repository": name(stack), "policy": json.dumps(json.loads(LIFECYCLE), indent=2)},
        },
        {
            "type": "aws:ecr/repositoryPolicy:RepositoryPolicy",
            "outputs": {"repository": name(stack), "policy": POLICY.replace('"111122223333"', '["111122223333"]')},
        },
    ]
    return outputs(stack, push(name(stack), "v1.0.0")), state


@pytest.fixture
def chain(deploy: Deploy) -> None:
    said, states = {}, {}
    for stack in ("dev", "prod"):
        said[stack], states[stack] = deployed(stack)
    deploy(said, states=states)


@pytest.mark.usefixtures("chain")
def test_stacks_that_are_as_their_states_say_have_not_drifted(shell: Shell) -> None:
    ran = shell("drift")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.out.splitlines() == [f"stack {stack}: nothing was changed by hand" for stack in ("dev", "prod")]


def delete_image() -> None:
    client().batch_delete_image(repositoryName=name("prod"), imageIds=[{"imageTag": "v1.0.0"}])


def delete_repository() -> None:
    client().delete_repository(repositoryName=name("prod"), force=True)


def change_mutability() -> None:
    client().put_image_tag_mutability(repositoryName=name("prod"), imageTagMutability="IMMUTABLE")


def change_scanning() -> None:
    client().put_image_scanning_configuration(
        repositoryName=name("prod"), imageScanningConfiguration={"scanOnPush": False}
    )


def change_lifecycle() -> None:
    client().put_lifecycle_policy(repositoryName=name("prod"), lifecyclePolicyText=LIFECYCLE.replace("10", "11"))


def delete_lifecycle() -> None:
    client().delete_lifecycle_policy(repositoryName=name("prod"))


def change_policy() -> None:
    client().set_repository_policy(repositoryName=name("prod"), policyText=POLICY.replace("BatchGetImage", "*"))


def delete_policy() -> None:
    client().delete_repository_policy(repositoryName=name("prod"))


def change_tags() -> None:
    client().tag_resource(resourceArn=arn("prod"), tags=[{"Key": "team", "Value": "mine"}])


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize(
    ("by_hand", "line"),
    [
        pytest.param(delete_image, "image: the state says sha256:", id="image"),
        pytest.param(
            delete_repository, "repository prod/yoon-app: the state says that it exists, ECR has none", id="repository"
        ),
        pytest.param(
            change_mutability, "tag mutability: the state says MUTABLE, ECR has IMMUTABLE", id="tag-mutability"
        ),
        pytest.param(change_scanning, "scan on push: the state says on, ECR has off", id="scanning"),
        pytest.param(
            change_lifecycle,
            "lifecycle policy, rule 1: the state says selection.countNumber 10, ECR has selection.countNumber 11",
            id="lifecycle-changed",
        ),
        pytest.param(delete_lifecycle, "lifecycle policy: the state says 1 rule, ECR has none", id="lifecycle-deleted"),
        pytest.param(
            change_policy,
            'repository policy, statement Pull: the state says Action "ecr:batchgetimage", ECR has Action "ecr:*"',
            id="policy-changed",
        ),
        pytest.param(delete_policy, "repository policy: the state says 1 statement, ECR has none", id="policy-deleted"),
        pytest.param(change_tags, "AWS tag team: the state says 'platform', ECR has 'mine'", id="aws-tag"),
    ],
)
def test_what_was_changed_by_hand_is_one_line_with_what_to_do(
    by_hand: Callable[[], None], line: str, shell: Shell
) -> None:
    by_hand()
    ran = shell("drift")
    assert (ran.code, ran.err) == (ExitCode.REFUSED, "")
    dev, prod = ran.out.splitlines()
    assert dev == "stack dev: nothing was changed by hand"
    assert prod.startswith(f"stack prod: {line}")
    assert "`pulumi up -s prod --refresh`" in prod


@pytest.mark.usefixtures("chain")
def test_a_tag_that_was_moved_is_told_with_both_digests(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    other = f"sha256:{'b' * 64}"
    monkeypatch.setattr(aws.EcrRepository, "find_digest", lambda _self, _tag: other)  # moto forgets the first image
    ran = shell("drift", "--stack", "prod")
    assert ran.code == ExitCode.REFUSED
    assert re.fullmatch(rf"stack prod: tag v1.0.0: the state says sha256:\w{{64}}, ECR has {other}; .*\n", ran.out)


@pytest.mark.usefixtures("chain")
def test_the_json_has_both_sides_and_the_advice(shell: Shell) -> None:
    change_scanning()
    ran = shell("drift", "--json", "-s", "prod")
    assert (ran.code, ran.err) == (ExitCode.REFUSED, "")
    assert ran.json == {
        "stacks": [
            {
                "stack": "prod",
                "repository_arn": arn("prod"),
                "differences": [
                    {
                        "what": "scan on push",
                        "expected": "on",
                        "found": "off",
                        "advice": "`pulumi up -s prod --refresh` puts it back; to keep it, write it into "
                        "Pulumi.prod.yaml and run `pulumi refresh -s prod`",
                    }
                ],
                "errors": [],
            }
        ]
    }


@pytest.mark.usefixtures("chain")
def test_what_may_not_be_asked_leaves_the_rest(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RemoteError("not allowed", service="ecr", operation="GetRepositoryPolicy", code="AccessDeniedException")

    monkeypatch.setattr(live_settings, "repository_policy", refuse)
    change_scanning()
    ran = shell("drift", "--stack", "prod")
    assert (ran.code, ran.err) == (ExitCode.REMOTE, "error: stack prod: not allowed\n")
    assert ran.out.startswith("stack prod: scan on push: ")
    as_json = shell("drift", "--stack", "prod", "--json").json
    (entry,) = cast("list[dict[str, object]]", as_json["stacks"])
    assert entry["errors"] == ["not allowed"]
    assert len(cast("list[object]", entry["differences"])) == 1


@pytest.mark.usefixtures("chain")
def test_a_registry_that_does_not_answer_leaves_the_other_stacks(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    real = aws.EcrRepository.find_digest

    def find_digest(self: aws.EcrRepository, tag: str) -> str | None:
        if self.name == "dev/yoon-app":
            raise RemoteError("not allowed", service="ecr", operation="BatchGetImage", code="AccessDeniedException")
        return real(self, tag)

    monkeypatch.setattr(aws.EcrRepository, "find_digest", find_digest)
    ran = shell("drift")
    assert (ran.code, ran.err) == (ExitCode.REMOTE, "error: stack dev: not allowed\n")
    assert ran.out == "stack prod: nothing was changed by hand\n"


def test_a_policy_that_no_state_knows_is_taken_away_by_hand(shell: Shell, deploy: Deploy) -> None:
    said, state = deployed("prod")
    deploy({"prod": said}, states={"prod": state[:1]})
    ran = shell("drift")
    assert ran.code == ExitCode.REFUSED
    lifecycle, policy = ran.out.splitlines()
    assert "lifecycle policy: the state says none, ECR has 1 rule; `aws ecr delete-lifecycle-policy " in lifecycle
    assert "repository policy: the state says none, ECR has 1 statement; `aws ecr delete-repository-policy " in policy


def test_a_stack_without_a_repository_is_said(shell: Shell, deploy: Deploy) -> None:
    deploy({"new": {}})
    ran = shell("drift")
    assert (ran.code, ran.out) == (ExitCode.DONE, "")
    assert ran.err == "note: stack new has no repository; `pulumi up -s new` makes one\n"


def test_an_unknown_stack_is_bad_input(shell: Shell, deploy: Deploy) -> None:
    deploy({})
    ran = shell("drift", "--stack", "nope")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert "no such stack" in ran.err


def test_a_secret_in_the_state_is_never_shown(shell: Shell, deploy: Deploy) -> None:
    said, state = deployed("prod")
    hidden = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:hidden"}
    state[1]["outputs"] = {"repository": name("prod"), "policy": hidden}
    deploy({"prod": said}, states={"prod": state})
    ran = shell("drift")
    assert ran.code == ExitCode.BAD_INPUT
    assert "policy: is a secret in the state" in ran.err
    assert "v1:hidden" not in ran.out + ran.err
