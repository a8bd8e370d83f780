"""What can go wrong with the local cloud, and the exit code that says so.

The codes are the project's: 0 done, 1 the answer is no, 2 bad input, 3 engine, AWS, registry, network or machine.
"""

from __future__ import annotations

import errno

DISK_FULL_TEXT = "no space left on device"  # what libc, Go and pip all print for ENOSPC


class LocalError(Exception):
    """One line that the user can act on. Subclasses differ in their exit code only."""

    exit_code = 3


class BadInput(LocalError):
    """The command line or a file that the user wrote is wrong; nothing was changed."""

    exit_code = 2


class AnswerIsNo(LocalError):
    """The question was understood and the answer is no, such as `status` when nothing runs."""

    exit_code = 1


class EngineFailed(LocalError):
    """The engine's operation failed. Its own diagnostics were streamed before; `output` holds them for tests."""

    def __init__(self, message: str, *, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class ProgramRefused(EngineFailed):
    """The program ended in `pulumi.RunError`: a mistake of its user, told in one line, with the code of its cause."""

    def __init__(self, message: str, *, output: str = "", exit_code: int = 2) -> None:
        super().__init__(message, output=output)
        self.exit_code = exit_code


class PolicyViolated(EngineFailed):
    """A mandatory policy of the policy pack is violated."""

    exit_code = 1


class Unavailable(LocalError):
    """This machine cannot have a part of the local cloud.

    `refused` is true only when the server that the engine is downloaded from answered and said no: see `may_skip`.
    It is false for all else: a missing tool, a failed build, a network out of reach, whatever pip or apt say.
    """

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


def may_skip(error: Unavailable, *, ci: bool) -> bool:
    """Whether tests that need the local cloud may be skipped: in CI only for the engine's refused download."""
    return error.refused or not ci


class DiskFull(LocalError):
    """The disk is full."""

    def __init__(self, where: str) -> None:
        super().__init__(f"the disk is full: no space left while writing {where}; free some space and run this again")


class Interrupted(LocalError):
    """A signal ended the command after the engine had kept its checkpoint."""

    def __init__(self, signum: int) -> None:
        super().__init__("interrupted; what was done is kept, run the command again to go on")
        self.exit_code = 128 + signum


def translated(error: OSError) -> LocalError:
    """The one line for an operating system error that nobody closer to it has named."""
    where = str(error.filename or "the local cloud's files")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(where)
    return LocalError(f"{where}: {error.strerror or error}")


def disk_full_in(text: str) -> bool:
    """Whether the output of another program says that the disk is full."""
    return DISK_FULL_TEXT in text.lower()
