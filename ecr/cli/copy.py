"""`python -m ecr copy`: one image, digest for digest, from one repository to another."""

# ruff: noqa: PLC0415 - what talks to registries is loaded when it is needed: help has to be quick

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ecr import tables
from ecr.cli import arguments, console, progress
from ecr.errors import ExitCode, InputError, RemoteError
from ecr.reference import EcrHost, ImageReference, RepositoryUrl
from ecr.repository import TagMutability

if TYPE_CHECKING:
    from ecr.oci.copying import CopyResult

HELP = """Copy an image from one registry to another.

It is copied byte for byte, an index with all its platforms, and with what refers to it (signatures, SBOMs,
attestations). What the target holds already is not sent again; the tag comes last. An existing equal tag is success; an
immutable tag with another digest is refused, under ECR's own host before anything moves. ECR is signed in to with AWS's
credentials, other registries with those of Docker's configuration file.

\b
Examples:
  python -m ecr copy localhost:4566/dev/yoon-app:v1.0.0 localhost:4566/staging/yoon-app:v1.0.0
  python -m ecr copy --json public.ecr.aws/nginx/nginx:stable localhost:4566/dev/nginx:stable
"""

Source = Annotated[str, typer.Argument(metavar="SRC", help="HOST/NAME:TAG or HOST/NAME@sha256:...", show_default=False)]
Target = Annotated[str, typer.Argument(metavar="DST", help="HOST/NAME:TAG", show_default=False)]

_TARGET_RULE = "accepted: HOST/NAME:TAG"


def run(
    source: Source,
    target: Target,
    *,
    as_json: arguments.Json = False,
    quiet: arguments.Quiet = False,
    profile: arguments.Profile = None,
    plain_http: arguments.PlainHttp = None,
) -> int:
    """Copy `source` to `target`."""
    src, dst, tag = _parse(source, target)
    http = arguments.plain_http(plain_http, (src, dst))

    from ecr.oci import copying, registries
    from ecr.oci.session import Session

    to = registries.locate(dst.repository, profile=profile, plain_http=http)
    origin = registries.locate(src.repository, profile=profile, plain_http=http)
    mutability = _mutability(dst.repository, profile)
    with Session() as session, progress.shown("copying", "copied", quiet=quiet) as shown:
        done = copying.copy(origin, src.reference, to, tag, session=session, mutability=mutability, progress=shown)
    if as_json:
        console.result_json(_as_json(done, src, dst))
    else:
        console.result([_line(done, dst)])
    return ExitCode.DONE


def _parse(source: str, target: str) -> tuple[ImageReference, ImageReference, str]:
    """Source, target, and the target's tag."""
    src = arguments.image("SRC", source)
    try:
        dst = ImageReference.parse(target)
    except ValueError:
        raise InputError("DST", f"{target!r} is not a place for an image; {_TARGET_RULE}") from None
    if dst.tag is None:
        raise InputError("DST", f"{target!r} names a digest, which follows from the source; {_TARGET_RULE}")
    if src == dst:
        raise InputError(
            "DST", f"{target!r} is the source itself; {_TARGET_RULE} in another repository, or another tag"
        )
    return src, dst, dst.tag


def _mutability(target: RepositoryUrl, profile: str | None) -> TagMutability | None:
    """Which tags of the target can be moved; None where only the registry itself knows, and will say no by itself."""
    host = EcrHost.parse(target.host)
    if host is None:
        return None
    from ecr.aws import EcrRepository

    try:
        found = EcrRepository(target.name, region=host.region, account=host.account, profile=profile).tag_mutability()
    except RemoteError as error:
        if error.code != "AccessDeniedException":
            raise
        # Who may push need not have ecr:DescribeRepositories; ECR itself still refuses to move an immutable tag.
        console.say(f"warning: can't tell in advance whether the tag may be moved: {error}")
        return None
    if found is None:
        raise RemoteError(
            f"{target}: there is no such repository; create it first, such as with `pulumi up`",
            service="ecr",
            operation="DescribeRepositories",
            code="RepositoryNotFoundException",
        )
    return found


def _line(done: CopyResult, target: ImageReference) -> str:
    blobs = tables.plural(done.blobs_mounted, "blob")
    return (
        f"{target} is {done.digest} ({tables.size(done.bytes_moved)} moved, {blobs} mounted, "
        f"{done.blobs_skipped} already there, {done.blobs_copied} copied, {done.seconds:.1f} s)"
    )


def _as_json(done: CopyResult, source: ImageReference, target: ImageReference) -> dict[str, object]:
    return {
        "digest": done.digest,
        "bytes_moved": done.bytes_moved,
        "blobs_mounted": done.blobs_mounted,
        "blobs_skipped": done.blobs_skipped,
        "blobs_copied": done.blobs_copied,
        "manifests_copied": done.manifests_copied,
        "referrers": done.referrers,
        "seconds": round(done.seconds, 3),
        "source": str(source),
        "target": str(target),
    }
