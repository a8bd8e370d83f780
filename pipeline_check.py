"""Whether the stages of a pipeline are what the files of their stacks say: a role would not be for what its stack does.

A stage's role is made from what the stage says. What the stack's own file says otherwise would fail in the pipeline, in
the middle of a deployment and with AWS's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ecr.config_reader import shown
from ecr.errors import InputError
from ecr.pipeline.model import Stage
from settings import NAMESPACE, Settings


def errors(settings: Settings, project: Path) -> Iterator[InputError]:
    """What doesn't agree, by the keys of the stages.

    Args:
        settings: of the stack with the pipeline.
        project: the folder with the stack files.
    """
    if settings.pipeline is None:
        return
    from ecr import stack_file  # noqa: PLC0415 - loads PyYAML, which is needed here alone

    before: Stage | None = None
    for index, stage in enumerate(settings.pipeline.stages):
        key = f"{NAMESPACE}:pipeline.stages[{index}]"
        try:
            config = stack_file.read(project, stage.stack)
        except InputError as error:
            yield InputError(f"{key}.stack", f"{shown(stage.stack)} has no stack file that can be read: {error}")
        else:
            yield from _stage(key, stage, before, config, settings.region)
        before = stage


def _stage(
    key: str, stage: Stage, before: Stage | None, config: Mapping[str, object], region: str | None
) -> Iterator[InputError]:
    file = f"Pulumi.{stage.stack}.yaml"
    repository = config.get(f"{NAMESPACE}:repository")
    if repository != stage.repository:
        yield InputError(f"{key}.repository", f"is {shown(stage.repository)}, and {file} has {shown(repository)}")
    if bool(config.get(f"{NAMESPACE}:build")) is not stage.build:
        has = "has no build" if stage.build else "has a build, which takes Docker"
        yield InputError(f"{key}.build", f"is {shown(stage.build)}, and {file} {has}")
    promote = config.get(f"{NAMESPACE}:promote")
    source = promote.get("from") if isinstance(promote, Mapping) else None
    wanted = before.stack if before is not None else None
    if isinstance(source, str) and source.rpartition("/")[2] != wanted:
        comes = f"the stage before is {shown(wanted)}" if wanted else "no stage comes before"
        yield InputError(f"{key}.stack", f"promotes from {shown(source)} ({file}), and {comes}")
    elsewhere = config.get("aws:region")
    if region is not None and elsewhere not in (None, region):
        yield InputError(f"{key}.stack", f"is deployed to {shown(elsewhere)} ({file}), and the pipeline to {region}")
