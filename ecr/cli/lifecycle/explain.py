"""`python -m ecr lifecycle explain`: what a policy would do to one image, and why."""

# ruff: noqa: PLC0415 - the domain is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ecr.cli import arguments, console
from ecr.cli.lifecycle import sources
from ecr.cli.lifecycle.sources import Sources
from ecr.config_reader import shown
from ecr.errors import ExitCode, InputError

if TYPE_CHECKING:
    from ecr.lifecycle.images import Image

HELP = """Say what a policy would do to one image, and why.

The image is named by a tag, a digest, the beginning of a digest that no other image has, or as HOST/NAME:TAG. Policy
and images come from where `simulate` takes them; an image named with its host says itself which repository is meant.

\b
Examples:
  python -m ecr lifecycle explain v1.0.0 --policy policy.json --images images.json
  python -m ecr lifecycle explain sha256:1f0a --stack prod
  python -m ecr lifecycle explain 123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/prod/yoon-app:v1.0.0
"""

ImageName = Annotated[
    str, typer.Argument(metavar="IMAGE", help="A tag, a digest or its beginning, or HOST/NAME:TAG", show_default=False)
]

_RULE = "a tag, a digest, or the beginning of one"
_MAX_SHOWN = 3


def run(
    image: ImageName,
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
    """Explain what a policy would do to `image`."""
    name, home = _parse(image)
    if home is not None and images is not None:
        raise InputError("IMAGE", f"is one of {home}, but the images of a file are looked at; name it by tag or digest")
    if home is not None and not (stack or repository):
        repository = home
    source = Sources(
        policy=policy, images=images, stack=stack, repository=repository, now=now, profile=profile, region=region
    )
    source.check()
    if home is not None:
        _require_same(home, source)
    evaluation = source.evaluated()
    found = _find(name, evaluation.images)

    from ecr.lifecycle.explanation import explain, verdict

    lines = explain(evaluation, found.digest)
    if as_json:
        said = verdict(evaluation, found.digest)
        console.result_json(
            {
                "digest": found.digest,
                "tags": list(found.tags),
                "outcome": said.outcome.value,
                "rule": said.rule.priority if said.rule else None,
                "explanation": list(lines),
            }
        )
    else:
        console.result(lines)
    return ExitCode.DONE


def _parse(text: str) -> tuple[str, str | None]:
    """The tag, digest or beginning of a digest, and HOST/NAME where it is named."""
    if "/" not in text:
        return text, None
    reference = arguments.image("IMAGE", text)
    return reference.reference, str(reference.repository)


def _require_same(home: str, source: Sources) -> None:
    """Refuse an image of another repository than the one that is looked at, be it one of the same name elsewhere."""
    from ecr.reference import EcrHost

    host, _, name = home.partition("/")
    live, registry = source.live, EcrHost.parse(host)
    if live.name != name:
        raise InputError("IMAGE", f"is one of {name}, but the images of {live.name} are looked at")
    if registry is None:
        return
    account = live.registry_id.get("registryId") or live.own_account()
    if (registry.account, registry.region) != (account, live.region):
        where = f"account {account} and Region {live.region}"
        raise InputError("IMAGE", f"is one of {host}, but the images of {live.name} in {where} are looked at")


def _find(name: str, images: Sequence[Image]) -> Image:
    """The image that a tag, a digest or its beginning names; a tag goes first.

    Raises:
        InputError: it names none, or several.
    """
    beginning = name if name.startswith("sha256:") else f"sha256:{name}"
    found = [image for image in images if name in image.tags] or [
        image for image in images if name and image.digest.startswith(beginning)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(
            "IMAGE", f"{shown(name)} names none of the {len(images)} images of the repository; accepted: {_RULE}"
        )
    first = ", ".join(image.digest for image in found[:_MAX_SHOWN])
    more = f" and {len(found) - _MAX_SHOWN} more" if len(found) > _MAX_SHOWN else ""
    raise InputError("IMAGE", f"{shown(name)} names {len(found)} images: {first}{more}; name one of them")
