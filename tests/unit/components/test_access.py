from __future__ import annotations

from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pytest

from components import ImageRepository, ImageRepositoryArgs
from components.access import grant_promote, grant_pull, grant_push
from ecr.access import identity
from ecr.errors import InputError
from tests.unit.recording import ACCOUNT, REGION, Recording, record

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/prod/shop"
SOURCE = "arn:aws:ecr:eu-west-1:222222222222:repository/dev/shop"


def repository() -> ImageRepository:
    return ImageRepository("app", ImageRepositoryArgs(repository_name="prod/shop"))


def only_policy(recording: Recording) -> dict[str, object]:
    return dict(recording.only(ROLE_POLICY).inputs)


def test_a_role_that_is_named_gets_to_pull_and_to_push() -> None:
    def program() -> None:
        app = repository()
        grant_pull("reading", "deployer", app)
        grant_push("writing", "deployer", app)

    policies = {policy.name: policy for policy in record(program).of_type(ROLE_POLICY)}
    assert dict(policies["reading"].inputs) == {"role": "deployer", "policy": identity.pull_policy(ARN).text}
    assert dict(policies["writing"].inputs) == {"role": "deployer", "policy": identity.push_policy(ARN).text}
    assert {policy.parent for policy in policies.values()} == {"container-registry-dev"}


def test_a_role_of_the_program_gets_the_policy_by_its_name_in_iam() -> None:
    def program() -> None:
        role = aws.iam.Role("role", name="deployer", assume_role_policy="{}")
        grant_pull("reading", role, repository())

    assert only_policy(record(program))["role"] == "deployer"


def test_options_reach_the_policy() -> None:
    def program() -> None:
        grant_pull("a", "deployer", repository(), pulumi.ResourceOptions(protect=True))

    assert record(program).only(ROLE_POLICY).protect


@pytest.mark.parametrize("enhanced", [False, True])
def test_a_role_that_promotes_gets_what_promoting_takes_of_both_repositories(enhanced: bool) -> None:  # noqa: FBT001
    def program() -> None:
        source = pulumi.Output.from_input(SOURCE)
        grant_promote("promoting", "promoter", source_arn=source, target=repository(), enhanced_scanning=enhanced)

    expected = identity.promote_policy(source_arn=SOURCE, target_arn=ARN, enhanced_scanning=enhanced)
    assert only_policy(record(program)) == {"role": "promoter", "policy": expected.text}


def test_promoting_does_not_read_findings_of_inspector_unless_asked_to() -> None:
    def program() -> None:
        grant_promote("a", "promoter", source_arn=SOURCE, target=repository())

    assert "inspector2" not in str(only_policy(record(program))["policy"])


def test_a_preview_registers_what_an_update_registers() -> None:
    def program() -> None:
        app = repository()
        grant_pull("reading", "deployer", app)
        grant_push("writing", aws.iam.Role("role", assume_role_policy="{}"), app)
        grant_promote("promoting", "promoter", source_arn=SOURCE, target=app)

    assert record(program, preview=True).names == record(program).names


@pytest.mark.parametrize(
    "role",
    [
        pytest.param(f"arn:aws:iam::{ACCOUNT}:role/deployer", id="ARN"),
        pytest.param("team/deployer", id="path"),
        pytest.param("dep*", id="wildcard"),
        pytest.param("r" * 65, id="65 characters"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_role_is_named_as_iam_names_it(role: str) -> None:
    def program() -> None:
        app = repository()
        calls: list[Callable[[], object]] = [
            lambda: grant_pull("a", role, app),
            lambda: grant_push("a", role, app),
            lambda: grant_promote("a", role, source_arn=SOURCE, target=app),
            lambda: app.grant_pull(role),
            lambda: app.grant_push(role),
            lambda: app.grant_promote(role, source_arn=SOURCE),
        ]
        for refused in calls:
            with pytest.raises(InputError, match=r"^role: .* is not accepted; accepted: an aws.iam.Role, or the name"):
                refused()

    assert record(program).of_type(ROLE_POLICY) == []


@pytest.mark.parametrize("source", ["nonsense", "", SOURCE.replace("repository/", ""), f"{SOURCE}/*"])
def test_what_is_no_repository_to_promote_from_is_refused_before_anything_is_registered(source: str) -> None:
    def program() -> None:
        app = repository()
        calls: list[Callable[[], object]] = [
            lambda: grant_promote("a", "promoter", source_arn=source, target=app),
            lambda: app.grant_promote("promoter", source_arn=source),
        ]
        for refused in calls:
            with pytest.raises(InputError, match=r"^source_arn: .* is not accepted; accepted: the ARN of an ECR repo"):
                refused()

    assert record(program).of_type(ROLE_POLICY) == []


def test_a_long_argument_is_cut_in_its_message() -> None:
    def program() -> None:
        with pytest.raises(InputError) as raised:
            grant_promote("a", "promoter", source_arn="x" * 100_000, target=repository())
        assert len(str(raised.value)) < 500

    record(program)
