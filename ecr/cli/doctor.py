"""`python -m ecr doctor`: why a pull does not work from here."""

# ruff: noqa: PLC0415 - what talks to registries is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ecr.cli import arguments, console
from ecr.config_reader import shown
from ecr.errors import ExitCode, InputError
from ecr.reference import IMAGE_RULE, ImageReference, RepositoryUrl

HELP = """Find out why a pull does not work from here.

Takes the steps of a pull one by one: the names of ECR's API and of the registry, a connection to each, a token, the
manifest, and one byte of a layer, which comes from S3. Each step gets one line, ok, FAILED or skipped, with what to
do. Run it where the pull fails. Exit code 1 when a step has failed.

\b
Examples:
  python -m ecr doctor 123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/dev/yoon-app:v1.0.0 --expect-private
  python -m ecr doctor --stack staging --timeout 5
"""

Image = Annotated[
    str | None,
    typer.Argument(
        metavar="IMAGE",
        help="HOST/NAME:TAG, HOST/NAME@sha256:... or HOST/NAME; default: the image of --stack.",
        show_default=False,
    ),
]
Stack = Annotated[
    str | None, typer.Option("--stack", "-s", metavar="STACK", help="The stack whose image or repository is looked at.")
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0.1, max=600, metavar="SECONDS", help="The longest that a step may take.")
]
ExpectPrivate = Annotated[
    bool | None,
    typer.Option(
        "--expect-private/--no-expect-private",
        help="Fail unless the addresses are private; default: when --stack has VPC endpoints.",
        show_default=False,
    ),
]

_RULE = f"{IMAGE_RULE}, or a repository as HOST/NAME"


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A repository, perhaps an image in it, and whether its hosts are expected to be private."""

    repository: RepositoryUrl
    reference: str | None
    expect_private: bool
    profile: str | None

    @property
    def image(self) -> str | None:
        if self.reference is None:
            return None
        return f"{self.repository}{'@' if ':' in self.reference else ':'}{self.reference}"


def run(
    image: Image = None,
    *,
    stack: Stack = None,
    expect_private: ExpectPrivate = None,
    timeout: Timeout = 10.0,
    as_json: arguments.Json = False,
    profile: arguments.Profile = None,
    plain_http: arguments.PlainHttp = None,
) -> int:
    """Examine the way to an image."""
    if image is None and stack is None:
        raise InputError("IMAGE", f"is missing; name an image, or a stack with --stack; accepted: {_RULE}")
    named = _parse("IMAGE", image) if image is not None else None
    outputs: Mapping[str, object] = {}
    if stack is not None:
        outputs, own_profile = _asked_of(stack)
        profile = profile or own_profile
    repository, reference = named or _of_stack(stack or "", outputs)
    asked = _Asked(
        repository=repository,
        reference=reference,
        expect_private=bool(outputs.get("vpc_endpoint_ids")) if expect_private is None else expect_private,
        profile=profile,
    )
    http = arguments.plain_http(plain_http, [ImageReference(repository, tag="any")])

    from ecr.doctor import checks
    from ecr.doctor.examination import Examination, Subject
    from ecr.oci import registries

    location = registries.locate(asked.repository, profile=asked.profile, plain_http=http)
    subject = Subject(
        location=location, reference=asked.reference, expect_private=asked.expect_private, timeout_s=timeout
    )
    made = []
    for check in Examination(subject).run():
        made.append(check)
        if not as_json:
            console.result([check.line])
    well = checks.passed(made)
    if as_json:
        console.result_json(
            {
                "checks": [check.as_json for check in made],
                "expect_private": asked.expect_private,
                "image": asked.image,
                "ok": well,
                "repository": str(asked.repository),
            }
        )
    return ExitCode.DONE if well else ExitCode.REFUSED


def _parse(name: str, text: str) -> tuple[RepositoryUrl, str | None]:
    """A repository, and a tag or digest where one is named."""
    try:
        found = ImageReference.parse(text)
    except ValueError:
        pass
    else:
        return found.repository, found.reference
    try:
        # With a tag it would have to be an image, which also checks the host.
        return ImageReference.parse(f"{text}:any").repository, None
    except ValueError:
        raise InputError(name, f"{shown(text)} is neither an image nor a repository; accepted: {_RULE}") from None


def _asked_of(stack: str) -> tuple[Mapping[str, object], str | None]:
    """A stack's outputs, and the profile that its own file names."""
    from ecr import stack_file, stacks

    project = stack_file.find_project(Path.cwd())
    return stacks.outputs(project, stack), arguments.profile_of_stack(project, stack)


def _of_stack(stack: str, outputs: Mapping[str, object]) -> tuple[RepositoryUrl, str | None]:
    for key in ("image_uri", "repository_url"):
        value = outputs.get(key)
        if isinstance(value, str):
            return _parse(f"output {key} of stack {stack}", value)
    raise InputError(f"--stack {stack}", "the stack has no repository yet; run `pulumi up`, or name an image")
