"""`python -m ecr clean`: deletes images that nobody needs, and none that somebody does."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecr import clean as plans
from ecr import cleaning, image_list, protection, tables
from ecr.clean import Plan
from ecr.cleaning import Cleaner, Outcome
from ecr.cli import arguments, console, targets
from ecr.cli.targets import Answer, Selection, Target
from ecr.config_reader import shown
from ecr.errors import ExitCode, InputError, printable
from ecr.image_list import Wanted
from ecr.lifecycle.images import Image

if TYPE_CHECKING:
    from ecr.protecting import Needs

HELP = """Delete images that nobody needs.

Nothing is deleted without --delete: the answer is what would go, and what stays. Never deleted are images that a stack
of the project deploys or pins, that Amazon Inspector saw in use in the last 30 days, or that match a `protect` pattern
of their stack's lifecycle rules; nor the index of such an image, what its index lists, and its signatures and SBOMs.
When that can't be told, nothing is deleted at all: a stack with a file has to be in the backend that pulumi is signed
in to, or to be named with --deploys-nothing. --untagged and --older-than must both hold where both are given; what an
index lists, or what refers to an image, goes only with it. A command that was interrupted goes on when it is run again.

--all is for a stack that is about to be destroyed: with --stack, what that stack alone deploys or pins goes, too. It
refuses, with exit code 1, while an image is needed otherwise, such as by a stack that was promoted from this one, which
might have to go back to it: --older-than 0d deletes the others, and `forceDelete` lets `pulumi destroy` delete all.
Run in the project's folder, signed in to Pulumi and AWS.

\b
Examples:
  python -m ecr clean --untagged
  python -m ecr clean --stack dev --untagged --older-than 7d --delete
  python -m ecr clean --repository prod/yoon-app --older-than 90d --json
  python -m ecr clean --stack staging --all
"""

Untagged = Annotated[bool, typer.Option("--untagged", help="Images without a tag.")]
OlderThan = Annotated[
    str | None, typer.Option("--older-than", metavar="AGE", help="Images pushed longer ago, such as 12h, 30d or 8w.")
]
All = Annotated[bool, typer.Option("--all", help="All images, before the repository itself goes. Of one repository.")]
Delete = Annotated[bool, typer.Option("--delete", help="Delete them. Without this, they are only shown.")]
Confirm = Annotated[
    str | None,
    typer.Option("--confirm", metavar="NAME", help="The repository's name, which --all --delete asks for."),
]
DeploysNothing = Annotated[
    list[str] | None,
    typer.Option(
        "--deploys-nothing",
        metavar="STACK",
        help="This stack has a file, and deploys nothing, though Pulumi's backend knows nothing of it; repeatable.",
    ),
]

_HEADER = ("TAGS", "DIGEST", "PUSHED", "PULLED", "SIZE", "NOTE")
_MAX_SHOWN = 20
_INSTEAD = "`--older-than 0d` deletes the others, and `forceDelete: true` lets `pulumi destroy` delete all"
_WITH = "with --stack or --repository"


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """What the options say."""

    wanted: Wanted
    everything: bool
    confirm: str | None
    deploying_nothing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """What came of one repository.

    Attributes:
        plan: what is to be deleted.
        steady: digest -> why it has to stay, but for what stacks need, which is asked again before anything goes.
        refusal: why nothing may be deleted; None for nothing.
        ending: the stack that is about to be destroyed, whose own needs don't count; None for none.
        released: digest -> what that stack alone needs it for.
        outcome: of the deletion; None while there was none.
    """

    plan: Plan
    steady: Mapping[str, str]
    refusal: str | None
    ending: str | None = None
    released: Mapping[str, str] = field(default_factory=dict)
    outcome: Outcome | None = None


def run(
    *,
    stack: targets.Stacks = None,
    repository: targets.Repositories = None,
    untagged: Untagged = False,
    older_than: OlderThan = None,
    everything: All = False,
    delete: Delete = False,
    confirm: Confirm = None,
    deploys_nothing: DeploysNothing = None,
    as_json: arguments.Json = False,
    quiet: arguments.Quiet = False,
    profile: arguments.Profile = None,
    region: targets.Region = None,
) -> int:
    """Delete images."""
    chosen = _Chosen(
        wanted=Wanted(untagged=untagged, older_than=arguments.read("--older-than", older_than, image_list.age)),
        everything=everything,
        confirm=confirm,
        deploying_nothing=tuple(deploys_nothing or ()),
    )
    selection = Selection(stacks=stack or (), repositories=repository or (), region=region, profile=profile)
    _check(chosen, delete=delete, named=len({*(stack or ())}) + len({*(repository or ())}))
    with cleaning.stopping_on_sigterm():
        answers = _plans(chosen, selection)
        if delete:
            answers = _carry_out(answers, _project(), chosen.deploying_nothing, _silent if quiet else console.say)
    try:
        if as_json:
            console.result_json({"delete": delete, "repositories": [_as_json(answer) for answer in answers]})
        else:
            for answer in answers:
                _show(answer, delete=delete)
    except InputError:
        _tell_elsewhere(answers)
        raise
    return _exit_code(answers)


def _tell_elsewhere(answers: Sequence[Answer[_Looked]]) -> None:
    """What is deleted does not come back, so it is said even where the result can't be written."""
    for answer in answers:
        looked = answer.value
        if looked is not None and looked.outcome is not None:
            console.say(f"{answer.name}: {looked.outcome.line(looked.plan)}")
            for image in looked.outcome.deleted:
                console.say(f"{answer.name}: deleted {image.digest} {' '.join(sorted(image.tags))}".rstrip())


def _plans(chosen: _Chosen, selection: Selection) -> list[Answer[_Looked]]:
    """What is to be deleted where; what goes wrong is said."""
    from ecr import protecting

    try:
        project, now = _project(), datetime.now(UTC)
        needs = protecting.needs(project, chosen.deploying_nothing)
        answers = selection.each(lambda target: _planned(target, project, chosen, needs, now))
    except KeyboardInterrupt:
        console.say("nothing is deleted")
        raise
    targets.report(answers)
    once = targets.each_once(answers)
    for answer in answers:
        if not any(answer is each for each in once):
            console.say(f"note: {answer.name}: its repository is named twice, and looked at once")
    return once


def _project() -> Path:
    from ecr import stack_file

    return stack_file.find_project(Path.cwd())


def _silent(_line: str) -> None:
    pass


def _check(given: _Chosen, *, delete: bool, named: int) -> None:
    """Refuse options that leave open what is meant: what is deleted does not come back."""
    everything, confirm = given.everything, given.confirm
    chosen = given.wanted.untagged or given.wanted.older_than is not None
    if not chosen and not everything:
        raise InputError("clean", "nothing is chosen; name --untagged, --older-than AGE or both, or --all")
    if chosen and everything:
        raise InputError("--all", "leaves nothing to choose; leave out --untagged and --older-than, or --all")
    if everything and named != 1:
        raise InputError("--all", f"is for one repository; name exactly one {_WITH}")
    if delete and not named:
        raise InputError("--delete", f"is for repositories that are named; name them {_WITH}")
    if confirm is not None and not (everything and delete):
        raise InputError("--confirm", "is of no use without --all --delete; leave it out")
    if everything and delete and confirm is None:
        raise InputError("--confirm", "is missing; with --all --delete, it has to be the repository's name")


def _planned(target: Target, project: Path, chosen: _Chosen, needs: Needs, now: datetime) -> _Looked:
    from ecr import protecting
    from ecr.aws.images import EcrImages

    name = target.repository.name
    if chosen.confirm not in (None, name):
        raise InputError("--confirm", f"{shown(chosen.confirm)} is not the repository's name, which is {name}")
    source = EcrImages(target.repository)
    listing = source.existing()
    images = source.with_children(listing.images)
    said, claims = target.published, needs.claims
    steady = {
        **protection.matching(images, protecting.patterns(project, name, needs.holders.get(name, ()))),
        **protecting.in_use(target.repository, scan_statuses=listing.scan_statuses, now=now),
    }
    ending = said.stack if said is not None and chosen.everything else None
    counting = protection.reasons(protection.of_others(ending, claims))
    plan = plans.plan(images, chosen.wanted, {**steady, **counting}, now)
    return _Looked(
        plan=plan,
        steady=steady,
        refusal=_refusal(name, plan, everything=chosen.everything),
        ending=ending,
        released={digest: why for digest, why in protection.reasons(claims).items() if digest not in counting},
    )


def _refusal(name: str, plan: Plan, *, everything: bool) -> str | None:
    """Why nothing may be deleted; None for nothing."""
    if plan.unread:
        index = plan.unread[0]
        what = f"the index {index.image.digest} is {index.reason}, and in the archive"
        return f"{name}: it can't be told what has to stay: {what}; restore it first"
    if everything and plan.protected:
        count = tables.plural(len(plan.protected), "image")
        return f"{name} can't be emptied: {count} can't go; {_INSTEAD}"
    return None


def _carry_out(
    answers: Sequence[Answer[_Looked]], project: Path, deploying_nothing: Sequence[str], say: Callable[[str], None]
) -> list[Answer[_Looked]]:
    """One repository after the other, until one is interrupted."""
    from ecr.aws.deletion import EcrDeletion

    done: list[Answer[_Looked]] = []
    for answer in answers:
        looked, interrupted = answer.value, any(each.value and _is_interrupted(each.value) for each in done)
        if answer.target is None or looked is None or looked.refusal is not None or interrupted:
            done.append(answer)
            continue
        cleaner = Cleaner(
            deletion=EcrDeletion(answer.target.repository),
            protected=partial(_protected, project, looked, deploying_nothing),
            say=say,
        )
        done.append(replace(answer, value=replace(looked, outcome=cleaner.carry_out(looked.plan))))
    return done


def _protected(project: Path, looked: _Looked, deploying_nothing: Sequence[str]) -> Mapping[str, str]:
    """Digest -> why it has to stay, by what the stacks say now."""
    from ecr import protecting

    claims = protecting.certain_claims(project, deploying_nothing)
    return {**looked.steady, **protection.reasons(protection.of_others(looked.ending, claims))}


def _is_interrupted(looked: _Looked) -> bool:
    return looked.outcome is not None and looked.outcome.interrupted


def _exit_code(answers: Sequence[Answer[_Looked]]) -> int:
    looked = [answer.value for answer in answers if answer.value is not None]
    if any(map(_is_interrupted, looked)):
        return console.INTERRUPTED  # SIGTERM asks for the same
    outcomes = [each.outcome for each in looked if each.outcome is not None]
    codes = [outcome.error.exit_code for outcome in outcomes if outcome.error is not None]
    codes += [ExitCode.REMOTE for outcome in outcomes if outcome.refused]
    spared = any(outcome.spared for outcome in outcomes)
    refused = spared or any(each.refusal is not None for each in looked)
    return max([targets.exit_code(answers, refused=refused), *codes])


def _show(answer: Answer[_Looked], *, delete: bool) -> None:
    if answer.value is None or answer.target is None:
        return
    plan, outcome = answer.value.plan, answer.value.outcome
    listed = outcome.deleted if outcome is not None else plan.going
    table = tables.aligned(_HEADER, [_cells(image) for image in listed]) if listed else []
    console.result([*table, *_staying(plan)])
    name = answer.target.repository.name
    if outcome is None or not plan.going:
        console.result([_summary(name, plan)])
    else:
        _tell(name, plan, outcome)
    if answer.value.refusal is not None:
        console.say(f"error: {answer.value.refusal}")
    elif outcome is None and plan.going:
        if any(image.digest in answer.value.released for image in plan.going):
            console.say(f"note: {name}: stack {answer.value.ending} itself needs some of them, until it is destroyed")
        why = "the command was interrupted before" if delete else "--delete does it"
        console.say(f"note: {name}: nothing is deleted; {why}")


def _tell(name: str, plan: Plan, outcome: Outcome) -> None:
    """What became of a plan, and what went wrong."""
    freed = tables.size(plans.size_of(outcome.deleted))
    at_most = f", {freed} at most" if outcome.deleted else ""
    console.result([f"{name}: {outcome.line(plan)}{at_most}"])
    for digest, reason in [*outcome.left.items()][:_MAX_SHOWN]:
        console.say(f"{name}: {tables.short_digest(digest)} stays: {reason}")
    if len(outcome.left) > _MAX_SHOWN:
        console.say(f"{name}: and {len(outcome.left) - _MAX_SHOWN} more stay")
    if outcome.error is not None:
        for line in str(outcome.error).splitlines():
            console.say(f"error: {line}")


def _staying(plan: Plan) -> list[str]:
    """What was meant, too, and why it stays; what only hangs on others is counted."""
    named = [f"stays: {_name(kept.image)} is {kept.reason}" for kept in plan.protected[:_MAX_SHOWN]]
    rest = len(plan.protected) - _MAX_SHOWN
    more = [f"stays: {rest} more"] if rest > 0 else []
    bound = [f"stays: {tables.plural(len(plan.bound), 'image')} as part or referrer of one that stays"]
    return [printable(line) for line in (*named, *more, *(bound if plan.bound else ()))]


def _summary(name: str, plan: Plan) -> str:
    total = tables.plural(len(plan.images), "image")
    if not plan.going:
        return f"{name}: nothing to delete among {total}"
    freed = f"at most {tables.size(plan.bytes_freed)} (layers that other images share stay)"
    return f"{name}: would delete {len(plan.going)} of {total}, and free {freed}"


def _name(image: Image) -> str:
    tags = image_list.short_tags(image.tags)
    return f"{tags} ({tables.short_digest(image.digest)})" if tags else f"untagged {tables.short_digest(image.digest)}"


def _cells(image: Image) -> tuple[str, ...]:
    return (
        image_list.short_tags(image.tags),
        tables.short_digest(image.digest),
        image_list.short_time(image.pushed_at),
        image_list.short_time(image.pulled_at),
        tables.size(image.size),
        image_list.note(image, {}),
    )


def _as_json(answer: Answer[_Looked]) -> dict[str, object]:
    looked = answer.value
    outcome = looked.outcome if looked else None
    error = answer.error or (outcome.error if outcome else None)
    return {
        "name": answer.name,
        "repository": answer.target.repository.name if answer.target else None,
        "images": len(looked.plan.images) if looked else None,
        "planned": [_image(image) for image in looked.plan.going] if looked else [],
        "bytes_planned": looked.plan.bytes_freed if looked else None,
        "protected": [{**_image(kept.image), "reason": kept.reason} for kept in looked.plan.protected]
        if looked
        else [],
        "bound": [{**_image(kept.image), "reason": kept.reason} for kept in looked.plan.bound] if looked else [],
        "released": [
            {"digest": image.digest, "reason": looked.released[image.digest]}
            for image in looked.plan.going
            if image.digest in looked.released
        ]
        if looked
        else [],
        "deleted": [image.digest for image in outcome.deleted] if outcome else [],
        "bytes_deleted": plans.size_of(outcome.deleted) if outcome else 0,
        "left": [{"digest": digest, "reason": reason} for digest, reason in outcome.left.items()] if outcome else [],
        "unknown": [image.digest for image in outcome.unknown] if outcome else [],
        "interrupted": outcome is not None and outcome.interrupted,
        "refused": looked.refusal if looked else None,
        "error": str(error) if error else None,
    }


def _image(image: Image) -> dict[str, object]:
    return {
        "digest": image.digest,
        "tags": sorted(image.tags),
        "pushed_at": image.pushed_at.isoformat(timespec="seconds"),
        "size_bytes": image.size,
    }
