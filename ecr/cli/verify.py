"""`python -m ecr verify`: whether images are, byte for byte, what their digests say."""

# ruff: noqa: PLC0415 - what talks to registries is loaded when it is needed: help has to be quick

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ecr import tables
from ecr.cli import arguments, console, progress
from ecr.errors import EcrError, ExitCode, printable
from ecr.reference import ImageReference

if TYPE_CHECKING:
    from ecr.oci.session import Session
    from ecr.oci.verifying import VerifyResult

HELP = """Read images again and compare every digest.

Every manifest and every blob is read, of an index for all its platforms. Each image gets one line, `ok` or `damaged`,
and each problem one below it. Exit code 1 when an image is damaged.

\b
Examples:
  python -m ecr verify localhost:4566/dev/yoon-app:v1.0.0
  python -m ecr verify --json localhost:4566/dev/yoon-app:v1.0.0 localhost:4566/staging/yoon-app:v1.0.0
"""

Images = Annotated[
    list[str],
    typer.Argument(metavar="IMAGE_URI", help="HOST/NAME@sha256:... or HOST/NAME:TAG", show_default=False),
]


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What came out for one image: a result, or why there is none."""

    image: ImageReference
    result: VerifyResult | None = None
    error: EcrError | None = None

    @property
    def status(self) -> str:
        if self.result is None:
            return "unknown"
        return "damaged" if self.result.problems else "ok"

    @property
    def exit_code(self) -> ExitCode:
        if self.error is not None:
            return self.error.exit_code
        return ExitCode.DONE if self.status == "ok" else ExitCode.REFUSED


def run(
    image_uris: Images,
    *,
    as_json: arguments.Json = False,
    quiet: arguments.Quiet = False,
    profile: arguments.Profile = None,
    plain_http: arguments.PlainHttp = None,
) -> int:
    """Verify each of `image_uris`."""
    images = [arguments.image("IMAGE_URI", uri) for uri in image_uris]
    http = arguments.plain_http(plain_http, images)

    from ecr.oci.session import Session

    answers = []
    with Session() as session:
        for image in images:
            answer = _verify(image, session, profile=profile, plain_http=http, quiet=quiet)
            answers.append(answer)
            if not as_json:
                _show(answer)
    if as_json:
        console.result_json({"images": [_as_json(answer) for answer in answers]})
    return max(answer.exit_code for answer in answers)


def _verify(
    image: ImageReference, session: Session, *, profile: str | None, plain_http: frozenset[str], quiet: bool
) -> _Answer:
    from ecr.oci import registries, verifying

    try:
        location = registries.locate(image.repository, profile=profile, plain_http=plain_http)
        with progress.shown("verifying", "verified", quiet=quiet) as shown:
            return _Answer(
                image=image,
                result=verifying.verify(location, image.reference, session=session, progress=shown),
            )
    except EcrError as error:
        # The other images are still worth an answer.
        return _Answer(image=image, error=error)


def _show(answer: _Answer) -> None:
    result = answer.result
    if result is None:
        console.say(f"error: {answer.error}")
        return
    read = f"{tables.plural(result.manifests, 'manifest')}, {tables.plural(result.blobs, 'blob')}"
    line = f"{answer.status} {answer.image}"
    if answer.image.tag is not None:
        line = f"{line} is {result.digest}"
    console.result(
        [f"{line} ({read}, {tables.size(result.bytes)})", *(f"  {printable(each)}" for each in result.problems)]
    )


def _as_json(answer: _Answer) -> dict[str, object]:
    result = answer.result
    return {
        "image": str(answer.image),
        "status": answer.status,
        "digest": result.digest if result else None,
        "manifests": result.manifests if result else None,
        "blobs": result.blobs if result else None,
        "bytes": result.bytes if result else None,
        "problems": list(result.problems) if result else [],
        "error": str(answer.error) if answer.error else None,
    }
