"""`python -m ecr images`: the images of repositories, filtered and sorted."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ecr import image_list, protection, tables
from ecr.cli import arguments, console, targets
from ecr.cli.targets import Answer, Selection, Target
from ecr.config_reader import shown
from ecr.errors import EcrError, InputError
from ecr.image_list import SortKey, Wanted
from ecr.lifecycle import rules
from ecr.lifecycle.images import Image
from ecr.lifecycle.validation import is_tag_pattern
from ecr.protection import Claim

HELP = """List the images of repositories.

Without --stack and --repository, those of all stacks of the project. The options that filter must all hold. The last
column says what is special about an image: archived, an index, a referrer, or which of the stacks that are looked at
deploy or pin it. Sizes are those of each image by itself: layers that images share are stored once.

\b
Examples:
  python -m ecr images
  python -m ecr images --stack dev --untagged --older-than 7d
  python -m ecr images --stack prod --tag 'v1.*' --sort pulled --limit 10
  python -m ecr images --larger-than 100MB --sort size --csv
"""

Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="PATTERN", help="With a tag like this; * is any text; repeatable, for another one."),
]
Untagged = Annotated[bool, typer.Option("--untagged", help="Without a tag.")]
OlderThan = Annotated[
    str | None, typer.Option("--older-than", metavar="AGE", help="Pushed longer ago, such as 90m, 12h, 30d or 8w.")
]
NewerThan = Annotated[str | None, typer.Option("--newer-than", metavar="AGE", help="Not pushed longer ago.")]
LargerThan = Annotated[
    str | None, typer.Option("--larger-than", metavar="SIZE", help="Of more bytes, such as 100MB, 1.5GB or 2GiB.")
]
Archived = Annotated[
    bool | None, typer.Option("--archived/--active", help="In the archive, or not.", show_default=False)
]
Sort = Annotated[SortKey, typer.Option("--sort", help="The latest, the largest or the first by name comes first.")]
Reverse = Annotated[bool, typer.Option("--reverse", help="The other way round.")]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="The first N images of each repository.")
]
Csv = Annotated[bool, typer.Option("--csv", help="Write the result as CSV.")]

_HEADER = ("TAGS", "DIGEST", "PUSHED", "PULLED", "SIZE", "NOTE")


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The images of one repository: those that are shown, and how many there are."""

    shown: Sequence[Image]
    total: int


def run(
    *,
    stack: targets.Stacks = None,
    repository: targets.Repositories = None,
    tag: Tags = None,
    untagged: Untagged = False,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    larger_than: LargerThan = None,
    archived: Archived = None,
    sort: Sort = SortKey.PUSHED,
    reverse: Reverse = False,
    limit: Limit = None,
    as_json: arguments.Json = False,
    as_csv: Csv = False,
    profile: arguments.Profile = None,
    region: targets.Region = None,
) -> int:
    """List images."""
    if as_json and as_csv:
        raise InputError("--csv", "can't be combined with --json; name one of the two")
    wanted = Wanted(
        tags=patterns("--tag", tag or ()),
        untagged=untagged,
        older_than=arguments.read("--older-than", older_than, image_list.age),
        newer_than=arguments.read("--newer-than", newer_than, image_list.age),
        larger_than=arguments.read("--larger-than", larger_than, image_list.size),
        archived=archived,
    )
    if wanted.tags and untagged:
        raise InputError("--untagged", "leaves nothing together with --tag; name one of the two")
    now = datetime.now(UTC)

    def look(target: Target) -> _Found:
        from ecr.aws.images import EcrImages

        images = EcrImages(target.repository).existing().images
        found = image_list.ordered(wanted.among(images, now), sort, reverse=reverse)
        return _Found(shown=found[:limit], total=len(images))

    answers = Selection(stacks=stack or (), repositories=repository or (), region=region, profile=profile).each(look)
    targets.report(answers)
    kept = _kept(answers)
    if as_json:
        console.result_json({"repositories": [_as_json(answer, kept) for answer in answers]})
    elif as_csv:
        console.result(image_list.as_csv(_rows(answers), kept))
    else:
        _show(answers, kept)
    return targets.exit_code(answers)


def patterns(option: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Patterns of tags.

    Raises:
        InputError: one of them can match no tag.
    """
    for text in texts:
        if not is_tag_pattern(text):
            raise InputError(option, f"{shown(text)} is not accepted; accepted: {rules.TAG_PATTERN_RULE}")
    return tuple(texts)


def _kept(answers: Sequence[Answer[_Found]]) -> Mapping[str, str]:
    """Digest -> what the stacks that were looked at need it for."""
    said = [answer.target.published for answer in answers if answer.target and answer.target.published]
    return protection.reasons(
        Claim(stack=each.stack, deployed=each.digest, pinned=_pinned(each.stack)) for each in said
    )


def _pinned(stack: str) -> str | None:
    """The digest that the stack's file pins; None also where that can't be told: nothing is deleted here."""
    from ecr import protecting, stack_file

    try:
        return protecting.pinned(stack_file.read(stack_file.find_project(Path.cwd()), stack))
    except EcrError:
        return None


def _rows(answers: Sequence[Answer[_Found]]) -> Iterator[tuple[str, Image]]:
    for answer in answers:
        if answer.target is not None and answer.value is not None:
            yield from ((answer.target.repository.name, image) for image in answer.value.shown)


def _show(answers: Sequence[Answer[_Found]], kept: Mapping[str, str]) -> None:
    several = len(answers) > 1
    rows = [(*([name] if several else []), *_cells(image, kept)) for name, image in _rows(answers)]
    if rows:
        console.result(tables.aligned((*(["REPOSITORY"] if several else []), *_HEADER), rows))
    for answer in answers:
        if answer.value is not None:
            console.say(f"{answer.name}: {_summary(answer.value)}")


def _cells(image: Image, kept: Mapping[str, str]) -> tuple[str, ...]:
    return (
        image_list.short_tags(image.tags),
        tables.short_digest(image.digest),
        image_list.short_time(image.pushed_at),
        image_list.short_time(image.pulled_at),
        tables.size(image.size),
        image_list.note(image, kept),
    )


def _summary(found: _Found) -> str:
    total = tables.plural(found.total, "image")
    size = tables.size(sum(image.size for image in found.shown))
    return f"{len(found.shown) or 'none'} of {total}" + (f", at most {size}" if found.shown else "")


def _as_json(answer: Answer[_Found], kept: Mapping[str, str]) -> dict[str, object]:
    found = answer.value
    return {
        "name": answer.name,
        "repository": answer.target.repository.name if answer.target else None,
        "total": found.total if found else None,
        "images": [image_list.as_json(image, kept) for image in found.shown] if found else [],
        "error": str(answer.error) if answer.error else None,
    }
