"""The stages of a pipeline as CodePipeline takes them: source, and for each stack preview, approval and deployment.

AWS CodePipeline user guide, "CodeStarSourceConnection ... actions", "AWS CodeBuild build and test action reference",
"Add a manual approval action to a pipeline" and "Valid action types and providers": categories, owners, providers,
versions and the names of their settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ecr.pipeline.model import Approval, Source, Stage

SOURCE_STAGE = "Source"
ARTIFACT = "source"
PREVIEW, APPROVE, DEPLOY = "Preview", "Approve", "Deploy"

# What the project's buildspec reads; the others of its variables are the project's.
OPERATION = "OPERATION"


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action of a stage.

    Attributes:
        name: unique in its stage.
        category: such as `Build`.
        provider: such as `CodeBuild`.
        settings: the provider's, all of them texts.
        order: actions of a stage run one after the other.
        inputs: the artifacts that it takes.
        outputs: the artifacts that it gives.
        timeout_minutes: None for the provider's own.
    """

    name: str
    category: str
    provider: str
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    order: int = 1
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    timeout_minutes: int | None = None


def source(source: Source, connection_arn: str) -> Action:
    """The action that fetches what was pushed; a push starts the pipeline by itself.

    The whole history is not fetched: a build gets the files of one commit.
    """
    settings = {
        "ConnectionArn": connection_arn,
        "FullRepositoryId": source.repository,
        "BranchName": source.branch,
        "OutputArtifactFormat": "CODE_ZIP",
        "DetectChanges": "true",
    }
    return Action(
        name=SOURCE_STAGE,
        category="Source",
        provider="CodeStarSourceConnection",
        settings=settings,
        outputs=(ARTIFACT,),
    )


def actions(stage: Stage) -> tuple[Action, ...]:
    """What happens in a stage. Who has to approve has the preview of this very deployment before them.

    All of it is one stage, because a stage belongs to one execution at a time: nothing else is deployed between the
    preview and the deployment (CodePipeline user guide, "How pipeline executions work").
    """
    if stage.approval is None:
        return (_build(DEPLOY, stage, "up", 1),)
    return _build(PREVIEW, stage, "preview", 1), _approval(stage.approval, stage.stack), _build(DEPLOY, stage, "up", 3)


def _build(name: str, stage: Stage, operation: str, order: int) -> Action:
    variables = [{"name": OPERATION, "value": operation, "type": "PLAINTEXT"}]
    settings = {"ProjectName": stage.project, "EnvironmentVariables": json.dumps(variables, separators=(",", ":"))}
    return Action(name=name, category="Build", provider="CodeBuild", settings=settings, order=order, inputs=(ARTIFACT,))


def _approval(approval: Approval, stack: str) -> Action:
    settings = {"CustomData": approval.message or f"Deploy {stack}? The log of {PREVIEW} says what would change."}
    if approval.topic_arn is not None:
        settings["NotificationArn"] = approval.topic_arn
    return Action(
        name=APPROVE,
        category="Approval",
        provider="Manual",
        settings=settings,
        order=2,
        timeout_minutes=approval.timeout_minutes,
    )


def promoted_from(stages: Sequence[Stage], index: int) -> str | None:
    """The repository that a stage promotes from: that of the stage before. None where it builds, or is the first."""
    return None if stages[index].build or index == 0 else stages[index - 1].repository
