"""`python -m ecr lifecycle compare`: our evaluation beside AWS's own preview of the same policy."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ecr import tables
from ecr.cli import arguments, console
from ecr.cli.lifecycle import sources
from ecr.cli.lifecycle.simulate import short_tags
from ecr.cli.lifecycle.sources import Sources
from ecr.errors import ExitCode, InputError

if TYPE_CHECKING:
    from ecr.lifecycle.comparison import Difference, Opinion
    from ecr.lifecycle.evaluation import Evaluation

HELP = """Show where AWS's own preview differs from our answer.

The repository is the live one of --repository, else that of --stack. The policy is that of --policy, else the one that
--stack would deploy, else the live one. AWS takes a minute or more, and changes nothing. Exit code 1 when the two
differ.

\b
Examples:
  python -m ecr lifecycle compare --stack prod
  python -m ecr lifecycle compare --json --policy policy.json --repository prod/yoon-app
"""

_WAIT_S, _MAX_WAIT_S = 600, 3600

Wait = Annotated[
    int, typer.Option("--wait", min=1, max=_MAX_WAIT_S, metavar="SECONDS", help="How long to wait for AWS.")
]

_HEADER = ("DIGEST", "TAGS", "HERE", "AWS")
_NOT_LISTED = "not listed"


def run(
    *,
    policy: sources.PolicyFile = None,
    stack: sources.Stack = None,
    repository: sources.Repository = None,
    wait: Wait = _WAIT_S,
    profile: sources.Profile = None,
    region: sources.Region = None,
    as_json: arguments.Json = False,
) -> int:
    """Compare our evaluation with AWS's."""
    source = Sources(policy=policy, stack=stack, repository=repository, profile=profile, region=region)
    if stack is None and repository is None:
        raise InputError("--repository", "there is no live repository; name one with --repository or --stack")
    evaluation = source.evaluated()
    if not evaluation.policy.rules:
        raise InputError("--policy", "there is no policy to compare; name one with --policy")

    from ecr.aws.lifecycle import preview
    from ecr.lifecycle.comparison import compare

    console.say(f"asking AWS what the policy would do in {source.live.name}; this takes a minute or more")
    found = compare(evaluation, preview(source.live, evaluation.policy.text, timeout_s=wait))
    if as_json:
        console.result_json(_as_json(evaluation, found))
    else:
        console.result(_lines(evaluation, found))
    return ExitCode.REFUSED if found else ExitCode.DONE


def _lines(evaluation: Evaluation, found: Sequence[Difference]) -> list[str]:
    expired, archived = len(evaluation.expired), len(evaluation.archived)
    ours = f"{expired} of {tables.plural(len(evaluation.images), 'image')} expired, {archived} archived"
    if not found:
        return [f"AWS says the same: {ours}"]
    table = tables.aligned(
        _HEADER,
        [
            (
                tables.short_digest(each.digest),
                short_tags(each.tags),
                _NOT_LISTED if each.ours is None else str(each.ours),
                str(each.theirs),
            )
            for each in found
        ],
    )
    return [*table, f"AWS differs in {tables.plural(len(found), 'image')}; here: {ours}"]


def _as_json(evaluation: Evaluation, found: Sequence[Difference]) -> dict[str, object]:
    return {
        "same": not found,
        "images": len(evaluation.images),
        "expired": len(evaluation.expired),
        "archived": len(evaluation.archived),
        "differences": [
            {
                "digest": each.digest,
                "tags": list(each.tags),
                "ours": each.ours and _opinion(each.ours),
                "aws": _opinion(each.theirs),
            }
            for each in found
        ],
    }


def _opinion(opinion: Opinion) -> dict[str, object]:
    return {"outcome": opinion.outcome.value, "rule": opinion.rule}
