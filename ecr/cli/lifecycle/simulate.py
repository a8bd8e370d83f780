"""`python -m ecr lifecycle simulate`: which images a policy would expire or archive now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ecr import tables
from ecr.cli import arguments, console
from ecr.cli.lifecycle import sources
from ecr.cli.lifecycle.sources import Sources
from ecr.errors import ExitCode

if TYPE_CHECKING:
    from ecr.lifecycle.evaluation import Acted, Evaluation

HELP = """Show which images a policy would expire or archive now.

The policy is that of --policy, else the one that --stack would deploy, else the live one of --repository. The images
are those of --images, else of the live --repository, else of the repository of --stack. Sizes are upper bounds: layers
that images share are stored once. The exit code is 0 also when images would go.

\b
Examples:
  python -m ecr lifecycle simulate --policy policy.json --images images.json --now 2026-11-22T12:00:00Z
  python -m ecr lifecycle simulate --json --stack prod
  python -m ecr lifecycle simulate --policy policy.json --repository prod/yoon-app --region ap-northeast-2
"""

_HEADER = ("DIGEST", "TAGS", "PUSHED", "SIZE", "RULE")
_MAX_TAGS = 3


def run(
    *,
    policy: sources.PolicyFile = None,
    images: sources.ImagesFile = None,
    stack: sources.Stack = None,
    repository: sources.Repository = None,
    now: sources.Now = None,
    profile: sources.Profile = None,
    region: sources.Region = None,
    as_json: arguments.Json = False,
) -> int:
    """Show what a policy would do."""
    evaluation = Sources(
        policy=policy, images=images, stack=stack, repository=repository, now=now, profile=profile, region=region
    ).evaluated()
    if as_json:
        console.result_json(_as_json(evaluation))
    else:
        console.result(_lines(evaluation))
    return ExitCode.DONE


def _lines(evaluation: Evaluation) -> list[str]:
    table = tables.aligned(_HEADER, [_cells(acted) for acted in evaluation.actions]) if evaluation.actions else []
    return [*table, _summary(evaluation)]


def _cells(acted: Acted) -> Sequence[str]:
    image, rule = acted.image, acted.rule
    about = f": {rule.description}" if rule.description else ""
    return (
        tables.short_digest(image.digest),
        short_tags(image.tags),
        short_time(image.pushed_at),
        tables.size(image.size),
        f"{rule.priority} {acted.outcome}{about}",
    )


def _summary(evaluation: Evaluation) -> str:
    total = tables.plural(len(evaluation.images), "image")
    expired, archived = len(evaluation.expired), len(evaluation.archived)
    freed = (
        f", free at most {tables.size(evaluation.bytes_freed)} (layers that other images share stay)" if expired else ""
    )
    return f"would expire {expired} of {total}, archive {archived}{freed}"


def short_tags(tags: Sequence[str]) -> str:
    """The first tags, and how many more there are."""
    more = len(tags) - _MAX_TAGS
    return ", ".join(tags[:_MAX_TAGS]) + (f" and {more} more" if more > 0 else "")


def short_time(time: datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def _as_json(evaluation: Evaluation) -> dict[str, object]:
    return {
        "expire": [_acted(acted) for acted in evaluation.expired],
        "archive": [_acted(acted) for acted in evaluation.archived],
        "keep": evaluation.kept,
        "bytes_freed": evaluation.bytes_freed,
    }


def _acted(acted: Acted) -> dict[str, object]:
    return {"digest": acted.image.digest, "tags": list(acted.image.tags), "rule": acted.rule.priority}
