"""Whether the stages of a pipeline are what the files of their stacks say: a role would not be for what its stack does.

A stage's role is made from what the stage says. What the stack's own file says otherwise would fail in the pipeline, in
the middle of a deployment and with AWS's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ecr import config_reader, stack_name
from ecr.config_reader import Section, shown
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
    if (_section(config, "build") is not None) is not stage.build:
        has = "has no build" if stage.build else "has a build, which takes Docker"
        yield InputError(f"{key}.build", f"is {shown(stage.build)}, and {file} {has}")
    promote = _section(config, "promote")
    source = promote.text("from", bool, "a stack") if promote is not None else None
    wanted = before.stack if before is not None else None
    if source is not None and stack_name.short(source) != wanted:
        comes = f"the stage before is {shown(wanted)}" if wanted else "no stage comes before"
        yield InputError(f"{key}.stack", f"promotes from {shown(source)} ({file}), and {comes}")
    if source is None and wanted is not None and not stage.build:
        problem = f"neither builds nor promotes an image ({file}); its stage is for one from {shown(wanted)}"
        yield InputError(f"{key}.stack", problem)
    elsewhere = config.get("aws:region")
    if region is not None and elsewhere not in (None, region):
        yield InputError(f"{key}.stack", f"is deployed to {shown(elsewhere)} ({file}), and the pipeline to {region}")


def _section(config: Mapping[str, object], key: str) -> Section | None:
    """What a stack file has under a key, also as the JSON text that `pulumi config set` writes.

    Mistakes in it are that stack's own affair.
    """
    return config_reader.open_section(NAMESPACE, {key: config.get(f"{NAMESPACE}:{key}")}).section(key)
