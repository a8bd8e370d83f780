"""`python -m ecr lifecycle validate`: whether ECR accepts a policy, and whether it means what it seems to."""

# ruff: noqa: PLC0415 - the domain is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ecr import tables
from ecr.cli import arguments, console
from ecr.cli.lifecycle import sources
from ecr.cli.lifecycle.sources import Sources
from ecr.errors import EcrError, ExitCode, InputError, InputErrors

if TYPE_CHECKING:
    from ecr.lifecycle.policy import LifecyclePolicy

HELP = """Check that ECR accepts a policy, and that its rules can act.

What ECR would refuse is told with the rule, the field and the reason, all of it at once; exit code 2. Warnings are
about what ECR accepts: a rule that can never act, tag lists that no image can match, a policy that may delete the
deployed image. With --images, patterns are tried on the tags in use.

\b
Examples:
  python -m ecr lifecycle validate --policy policy.json
  python -m ecr lifecycle validate --json --stack prod --images images.json
"""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What there is to say of one policy.

    Attributes:
        name: where it stands.
        rules: how many it has; None when ECR would refuse it.
        problem: why ECR would.
        advice: what is doubtful in it otherwise.
    """

    name: str
    rules: int | None = None
    problem: EcrError | None = None
    advice: tuple[str, ...] = ()


def run(
    *,
    policy: sources.PolicyFile = None,
    stack: sources.Stack = None,
    images: sources.ImagesFile = None,
    now: sources.Now = None,
    as_json: arguments.Json = False,
) -> int:
    """Check a policy."""
    sources.check_files(policy, images)
    if now is not None and images is None:
        raise InputError("--now", "is of no use without --images; leave it out")
    tags = _tags(images, Sources(now=now).at)
    if policy is not None and stack is None:
        answer = _of_file(policy, tags)
    elif stack is not None and policy is None:
        answer = _of_stack(stack, tags)
    else:
        raise InputError("--policy", "name a policy by either --policy or --stack")
    if as_json:
        console.result_json(_as_json(answer))
    elif answer.problem is not None:
        raise answer.problem
    else:
        for advice in answer.advice:
            console.say(f"warning: {advice}")
        console.result([f"{answer.name}: valid, {tables.plural(answer.rules or 0, 'rule')}"])
    return ExitCode.DONE if answer.problem is None else answer.problem.exit_code


def _of_file(path: str, tags: Collection[str] | None) -> _Answer:
    from ecr.cli.lifecycle import files
    from ecr.lifecycle.documents import parse_policy_text

    text = files.policy_text(path)
    return _answer(path, lambda: parse_policy_text(text, path), tags)


def _of_stack(stack: str, tags: Collection[str] | None) -> _Answer:
    from ecr.cli.lifecycle.files import StackFile

    file = StackFile.read(stack)
    return _answer(file.path, lambda: file.policy, tags, file.deployed_tags or None)


def _answer(
    name: str,
    read: Callable[[], LifecyclePolicy | None],
    tags: Collection[str] | None,
    deployed: Collection[str] | None = None,
) -> _Answer:
    from ecr.lifecycle import advice

    try:
        policy = read()
    except (InputError, InputErrors) as error:
        return _Answer(name=name, problem=error)
    if policy is None:
        return _Answer(name=name, rules=0)
    found = advice.lines(policy, tags_in_use=tags, deployed_tags=deployed)
    return _Answer(name=name, rules=len(policy.rules), advice=tuple(f"{name}: {line}" for line in found))


def _tags(path: str | None, now: datetime) -> frozenset[str] | None:
    """The tags in use; None when they are not known."""
    if path is None:
        return None
    from ecr.cli.lifecycle import files

    return frozenset(tag for image in files.images(path, now) for tag in image.tags)


def _as_json(answer: _Answer) -> dict[str, object]:
    problems = str(answer.problem).splitlines() if answer.problem is not None else []
    return {"valid": answer.problem is None, "problems": problems, "advice": list(answer.advice)}
