"""Properties that hold JSON: policy documents, container definitions."""

from __future__ import annotations

import json

from .values import Value


def parsed(value: Value) -> Value:
    """What a property's JSON says; anything but a text as it is.

    Raises:
        ValueError: it is not JSON. Its text is not repeated: it may hold secrets.
    """
    if not isinstance(value, str):
        return value
    try:
        content: Value = json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    return content
