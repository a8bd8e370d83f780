"""Names for resources whose program gives none, as the official plugins make them up."""

from __future__ import annotations

import re
import secrets

from local.plugins.errors import StandInError
from local.plugins.values import Plain

_RANDOM = 7  # hexadecimal digits


def made_up(resource: str, old: Plain, longest: int) -> str:
    """`RESOURCE-` and seven random digits; the old name where it is one of these, or each `up` would replace it.

    Raises: StandInError when that is longer than AWS allows.
    """
    if isinstance(old, str) and re.fullmatch(rf"{re.escape(resource)}-[0-9a-f]{{{_RANDOM}}}", old):
        return old
    name = f"{resource}-{secrets.token_hex(_RANDOM)[:_RANDOM]}"
    if len(name) > longest:
        too_long = f"name was left out, and {name} is {len(name)} characters long; accepted: up to {longest}"
        raise StandInError(f"{too_long}; give it a name of its own")
    return name
