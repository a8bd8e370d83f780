"""The one family of errors that users are meant to read.

    EcrError
     ├── InputError        a setting, argument or file is wrong        exit code 2
     ├── Conflict          the registry holds something else already   exit code 1
     ├── GateClosed        the scan of an image does not let it pass   exit code 1
     ├── LifecycleRefused  a protected image would go                  exit code 1
     └── RemoteError       AWS, a registry or the network refused      exit code 3

Bugs stay ordinary exceptions. A message is one line that says what is wrong, where, and what to do.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes of every command of this project."""

    DONE = 0
    REFUSED = 1
    BAD_INPUT = 2
    REMOTE = 3


def printable(text: str) -> str:
    """`text` on one line: line breaks, control characters and undecodable bytes become escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class EcrError(Exception):
    """Base of the family; `str(error)` is the line to show."""

    exit_code: ClassVar[ExitCode] = ExitCode.REFUSED


class InputError(EcrError):
    """Something that the user wrote is wrong: which key or path, the value seen, and what is accepted.

    Attributes:
        key: where the value stands, such as `container-registry:build.tag`.
        problem: what is wrong with it, to be read after the key.
    """

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        self.problem = problem
        # Keys and values may come from anywhere: names of files, text that somebody pasted.
        super().__init__(printable(f"{key}: {problem}"))


class InputErrors(EcrError):
    """Several `InputError`s found in one reading, one line each, so that they can be mended in one go."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, errors: tuple[InputError, ...]) -> None:
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))


class Conflict(EcrError):
    """The registry already holds something different under this name, and may not be overwritten."""


_MAX_REASONS = 3


def _summary(reasons: tuple[str, ...], advice: str) -> str:
    """The first reasons, how many more there are, and what to do."""
    rest = len(reasons) - _MAX_REASONS
    more = [f"and {rest} more like these"] if rest > 0 else []
    return "; ".join((*reasons[:_MAX_REASONS], *more, *([advice] if advice else [])))


class GateClosed(EcrError):
    """The scan of an image does not let it be promoted.

    Attributes:
        image: the image URI.
        reasons: why, a line each, of which the message shows the first ones.
    """

    def __init__(self, image: str, reasons: tuple[str, ...], *, advice: str = "") -> None:
        self.image = image
        self.reasons = reasons
        super().__init__(printable(f"{image} does not pass the gate: {_summary(reasons, advice)}"))


class LifecycleRefused(EcrError):
    """The lifecycle guard does not let a policy be deployed.

    Attributes:
        repository: whose policy it is.
        reasons: why, a line each, of which the message shows the first ones.
    """

    def __init__(self, repository: str, reasons: tuple[str, ...], *, advice: str) -> None:
        self.repository = repository
        self.reasons = reasons
        super().__init__(
            printable(f"repository {repository}: the lifecycle guard refuses: {_summary(reasons, advice)}")
        )


class RemoteError(EcrError):
    """AWS, a registry or the network refused or failed.

    Attributes:
        service: `ecr`, `kms`, ... or `registry` for the OCI side.
        operation: the API operation, such as `DescribeImages`.
        code: the service's own error code, such as `AccessDeniedException`.
        request_id: AWS's request ID where there is one, for a support case.
        temporary: whether the same call may succeed when it is repeated later.
    """

    exit_code = ExitCode.REMOTE

    def __init__(
        self, problem: str, *, service: str, operation: str, code: str, request_id: str = "", temporary: bool = False
    ) -> None:
        self.service = service
        self.operation = operation
        self.code = code
        self.request_id = request_id
        self.temporary = temporary
        super().__init__(printable(problem))
