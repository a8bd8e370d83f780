"""The actions of a pipeline's stages."""

from __future__ import annotations

import json

import pytest

from ecr.pipeline import names, stages
from ecr.pipeline.model import Approval, Source, Stage, State
from ecr.pipeline.stages import Action

DEV = Stage(stack="dev", project="shop-dev", repository="dev/app", build=True)
STAGING = Stage(stack="staging", project="shop-staging", repository="staging/app")
PROD = Stage(stack="prod", project="shop-prod", repository="prod/app", approval=Approval(timeout_minutes=60))
STAGES = (DEV, STAGING, PROD)


def variables(action: Action) -> dict[str, str]:
    return {one["name"]: one["value"] for one in json.loads(action.settings["EnvironmentVariables"])}


def test_the_source_hands_out_the_files_of_a_commit_and_starts_the_pipeline_by_itself() -> None:
    assert stages.source(Source(repository="acme/shop", branch="release"), "arn") == Action(
        name="Source",
        category="Source",
        provider="CodeStarSourceConnection",
        settings={
            "ConnectionArn": "arn",
            "FullRepositoryId": "acme/shop",
            "BranchName": "release",
            "OutputArtifactFormat": "CODE_ZIP",
            "DetectChanges": "true",
        },
        outputs=("source",),
    )


def test_a_stage_without_an_approval_is_one_deployment() -> None:
    (deploy,) = stages.actions(STAGES, 0)
    assert (deploy.name, deploy.order, deploy.inputs, deploy.namespace) == ("Deploy", 1, ("source",), "dev")
    assert variables(deploy) == {"OPERATION": "up"}


def test_a_stage_that_promotes_is_told_what_this_execution_has_deployed_before() -> None:
    (deploy,) = stages.actions(STAGES, 1)
    assert variables(deploy) == {"OPERATION": "up", "SOURCE": "dev", "APPROVED": "#{dev.DIGEST}"}


def test_who_approves_has_a_preview_of_the_same_image() -> None:
    preview, approve, deploy = stages.actions(STAGES, 2)
    assert [one.order for one in (preview, approve, deploy)] == [1, 2, 3]
    assert variables(preview) == {**variables(deploy), "OPERATION": "preview"}
    assert preview.namespace is None
    projects = [one.settings["ProjectName"] for one in (preview, deploy)]
    assert projects == ["shop-prod-preview", "shop-prod"]
    assert DEV.projects == ("shop-dev",)
    assert approve.timeout_minutes == 60
    assert approve.settings == {"CustomData": "Deploy prod? The log of Preview says what would change."}


@pytest.mark.parametrize(
    ("approval", "settings"),
    [
        pytest.param(Approval(message="Really?"), {"CustomData": "Really?"}, id="message"),
        pytest.param(
            Approval(topic_arn="arn:t", message="Really?"),
            {"CustomData": "Really?", "NotificationArn": "arn:t"},
            id="topic",
        ),
    ],
)
def test_what_the_approver_is_told(approval: Approval, settings: dict[str, str]) -> None:
    stage = Stage(stack="prod", project="p", repository="r", approval=approval)
    assert stages.actions((stage,), 0)[1].settings == settings


def test_the_settings_of_an_action_fit_with_the_longest_names() -> None:
    """CodePipeline API reference, ActionDeclaration: a value of the configuration has 1000 characters at most."""
    long = tuple(Stage(stack=letter * 100, project=letter * 150, repository="r/x") for letter in "ab")
    for action in stages.actions(long, 1):
        assert all(len(value) <= 1000 for value in action.settings.values())
    assert names.is_message(f"Deploy {'a' * 100}? The log of Preview says what would change.")


@pytest.mark.parametrize(
    ("index", "source"),
    [pytest.param(0, None, id="builds"), pytest.param(1, "dev/app", id="promotes"), pytest.param(2, "staging/app")],
)
def test_a_stage_promotes_from_the_one_before(index: int, source: str | None) -> None:
    assert stages.promoted_from(STAGES, index) == source


def test_the_first_stage_promotes_from_none() -> None:
    assert stages.promoted_from((STAGING,), 0) is None


@pytest.mark.parametrize(
    ("state", "url"),
    [
        pytest.param(State(bucket="acme-state"), "s3://acme-state", id="bucket"),
        pytest.param(State(bucket="acme-state", prefix="teams/shop"), "s3://acme-state/teams/shop", id="folder"),
        pytest.param(State(token_secret_arn="arn:s"), None, id="cloud"),
    ],
)
def test_where_the_state_is(state: State, url: str | None) -> None:
    assert state.url == url
