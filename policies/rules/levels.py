"""The level files: what the engine would pass over in them without a word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from . import catalogue
from .documents import UnreadableError, once

_ALL = "all"


def problems(text: str) -> Iterator[str]:
    """One line for each mistake in a level file.

    The engine refuses levels that there aren't and values of a wrong type. A policy or setting that it does not know,
    such as a misspelt one, it takes and forgets, and the policy has another level than its author thinks.
    """
    try:
        content: object = json.loads(text, object_pairs_hook=once)  # of two, the engine takes the last
    except UnreadableError as error:
        yield f"{error.problem}: {error.remedy}"
        return
    except ValueError as error:
        yield f"is not JSON: {error}"
        return
    if not isinstance(content, Mapping):
        yield "has to be an object: policies, and the level of each"
        return
    for name, given in content.items():
        yield from _policy(name, given)


def _policy(name: str, given: object) -> Iterator[str]:
    policy = catalogue.ALL.get(name)
    if policy is None and name != _ALL:
        yield f"{name}: there is no such policy; there are: {', '.join((_ALL, *catalogue.ALL))}"
        return
    own: Mapping[str, object] = given if isinstance(given, Mapping) else {"enforcementLevel": given}
    accepted = ("enforcementLevel", *(policy.settings if policy else ()))
    for key, value in own.items():
        if key not in accepted:
            yield f"{name}: there is no setting {key}; there are: {', '.join(accepted)}"
        elif key == "enforcementLevel" and value not in catalogue.LEVELS:
            yield f"{name}: the level is {value!r}; accepted: {', '.join(catalogue.LEVELS)}"
