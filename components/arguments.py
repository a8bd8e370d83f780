"""How components refuse arguments: all mistakes at once, each by its path in the class of the arguments."""

from __future__ import annotations

from collections.abc import Iterable

from ecr.errors import InputError, InputErrors
from ecr.problems import Problem


def refuse(args: object, problems: Iterable[Problem]) -> None:
    """Refuse what has problems; one of no single argument is named by the class of the arguments.

    Raises:
        InputErrors: with a line for each problem, if there is any.
    """
    errors = tuple(InputError(problem.path or type(args).__name__, problem.reason) for problem in problems)
    if errors:
        raise InputErrors(errors)
