"""Exceptions: resources that a policy is not for, by name, on the record in the level file."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .values import Resource, Schema, Settings, items

EXCEPT = "except"
SETTINGS: Schema = {
    EXCEPT: {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "default": [],
        "description": "Names of resources that the policy is not for, in the program or in ECR; * is any text.",
    }
}

_NAMES = ("name", "repository", "prefix")


def excepted(resource: Resource, settings: Settings) -> bool:
    """Whether the settings except a resource."""
    names = [resource.name, *(resource.properties.get(key) for key in _NAMES)]
    patterns = [one for one in items(settings.get(EXCEPT)) if isinstance(one, str)]
    return any(isinstance(name, str) and fnmatchcase(name, pattern) for name in names for pattern in patterns)
