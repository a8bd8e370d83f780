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

# What ci/buildspec.yml reads beside the variables of its project, and what it exports: the image that a stage has
# deployed, as TAG@DIGEST, which the next one promotes.
OPERATION, SOURCE, APPROVED, DIGEST = "OPERATION", "SOURCE", "APPROVED", "DIGEST"


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
        namespace: what later actions know its variables by; None where nobody asks.
    """

    name: str
    category: str
    provider: str
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    order: int = 1
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    timeout_minutes: int | None = None
    namespace: str | None = None


def source(wanted: Source, connection_arn: str) -> Action:
    """The action that fetches what was pushed; a push starts the pipeline by itself.

    The whole history is not fetched: a build gets the files of one commit.
    """
    settings = {
        "ConnectionArn": connection_arn,
        "FullRepositoryId": wanted.repository,
        "BranchName": wanted.branch,
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


def actions(stages: Sequence[Stage], index: int) -> tuple[Action, ...]:
    """What happens in a stage. Who has to approve has the preview of this very deployment before them.

    The preview runs what was pushed, and nobody has approved that yet: it has a project and a role of its own, which
    deploys nothing.

    While they think, another execution can deploy the stage before: a stage belongs to one execution, its stack's
    image to whoever comes (CodePipeline user guide, "How pipeline executions work"). So each build is told the image
    that this execution has deployed in the stage before, and promotes that one (`ci/stack up STACK IMAGE`).
    """
    stage = stages[index]
    if stage.approval is None:
        return (_build(DEPLOY, stages, index, "up", 1),)
    return (
        _build(PREVIEW, stages, index, "preview", 1),
        _approval(stage.approval, stage.stack),
        _build(DEPLOY, stages, index, "up", 3),
    )


def _build(name: str, stages: Sequence[Stage], index: int, operation: str, order: int) -> Action:
    stage = stages[index]
    variables = {OPERATION: operation}
    project = stage.project if operation == "up" else stage.preview_project
    if promoted_from(stages, index) is not None:
        before = stages[index - 1].stack
        variables |= {SOURCE: before, APPROVED: f"#{{{before}.{DIGEST}}}"}
    texts = [{"name": key, "value": value, "type": "PLAINTEXT"} for key, value in variables.items()]
    return Action(
        name=name,
        category="Build",
        provider="CodeBuild",
        settings={
            "ProjectName": str(project),
            "EnvironmentVariables": json.dumps(texts, separators=(",", ":")),
        },
        order=order,
        inputs=(ARTIFACT,),
        namespace=stage.stack if operation == "up" else None,
    )


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
