"""The pipeline's stages put through cfn-lint, which knows CodePipeline's actions, artifacts and namespaces."""

from __future__ import annotations

from cfnlint.runner import run_template_by_data  # type: ignore[import-untyped]  # cfn-lint says no types

from ecr.pipeline import stages
from ecr.pipeline.model import Approval, Source, Stage
from ecr.pipeline.stages import Action
from tests.policies import linting

TOPIC = "arn:aws:sns:eu-west-1:123456789012:approvals"
CONNECTION = "arn:aws:codeconnections:eu-west-1:123456789012:connection/1a2b"
STAGES = (
    Stage(stack="dev", project="shop-dev", repository="dev/app", build=True),
    Stage(stack="staging", project="shop-staging", repository="staging/app"),
    Stage(stack="prod", project="shop-prod", repository="prod/app", approval=Approval(topic_arn=TOPIC)),
)


def declared(action: Action) -> dict[str, object]:
    """An action as CloudFormation has it."""
    found: dict[str, object] = {
        "Name": action.name,
        "ActionTypeId": {"Category": action.category, "Owner": "AWS", "Provider": action.provider, "Version": "1"},
        "Configuration": dict(action.settings),
        "RunOrder": action.order,
        "InputArtifacts": [{"Name": name} for name in action.inputs],
        "OutputArtifacts": [{"Name": name} for name in action.outputs],
    }
    if action.namespace is not None:
        found["Namespace"] = action.namespace
    if action.timeout_minutes is not None:
        found["TimeoutInMinutes"] = action.timeout_minutes
    return found


def lint(all_stages: list[dict[str, object]]) -> list[str]:
    config, rules = linting._linter()
    pipeline = {
        "PipelineType": "V2",
        "ExecutionMode": "SUPERSEDED",
        "RoleArn": "arn:aws:iam::123456789012:role/pipeline",
        "ArtifactStore": {"Location": "artifacts", "Type": "S3"},
        "Stages": all_stages,
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {"Linted": {"Type": "AWS::CodePipeline::Pipeline", "Properties": pipeline}},
    }
    return sorted({f"{match.rule.id}: {match.message}" for match in run_template_by_data(template, config, rules)})


def whole() -> list[dict[str, object]]:
    source = stages.source(Source(repository="acme/shop"), CONNECTION)
    found: list[dict[str, object]] = [{"Name": stages.SOURCE_STAGE, "Actions": [declared(source)]}]
    for index, stage in enumerate(STAGES):
        found.append({"Name": stage.stack, "Actions": [declared(action) for action in stages.actions(STAGES, index)]})
    return found


def test_the_linter_has_nothing_to_say_about_the_stages() -> None:
    assert lint(whole()) == []


def test_the_linter_would_find_an_action_that_takes_an_artifact_too_many() -> None:
    broken = whole()
    actions = broken[0]["Actions"]
    assert isinstance(actions, list)
    actions[0]["InputArtifacts"] = [{"Name": "source"}]
    assert lint(broken)
