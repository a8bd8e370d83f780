"""Encryption: decided, since it can't be changed without deleting the images."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .tags import REPOSITORY, TEMPLATE
from .values import UNKNOWN, Resource, Schema, Settings, Undecided, Value, Verdict, Violation, at, items, shown

TYPES = (REPOSITORY, TEMPLATE)

ACCEPTED = "types"
OWN_KEY = "ownKey"
KINDS = ("AES256", "KMS", "KMS_DSSE")
SETTINGS: Schema = {
    ACCEPTED: {
        "type": "array",
        "items": {"type": "string", "enum": list(KINDS)},
        "minItems": 1,
        "default": list(KINDS),
        "description": "The encryption types that are accepted.",
    },
    OWN_KEY: {
        "type": "boolean",
        "default": False,
        "description": "Whether KMS has to use a key that is named, and not one that AWS manages.",
    },
}

_WHERE = "encryptionConfigurations"
# Names with this beginning are AWS's own, by themselves and in ARNs.
# https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
_AWS_ALIAS = re.compile(r"(arn:[^/]*:)?alias/aws/")


def check(resource: Resource, settings: Settings) -> Iterator[Verdict]:
    """The type must be written down, and be one that is accepted; a replacement for a slip would delete every image.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
    """
    configuration = next(iter(items(at(resource.properties, _WHERE))), None)
    kind = at(configuration, "encryptionType")
    accepted = [one for one in items(settings.get(ACCEPTED)) if isinstance(one, str)] or KINDS
    remedy = f"set encryptionType to {', '.join(accepted)}, before there are images"
    if kind is UNKNOWN:
        yield Undecided(f"{_WHERE}.encryptionType")
    elif kind is None:
        yield Violation(_WHERE, "says no encryptionType, and it can't be changed later", remedy)
    elif kind not in accepted:
        yield Violation(f"{_WHERE}.encryptionType", f"is {shown(kind)}, which is not accepted here", remedy)
    elif settings.get(OWN_KEY) is True and kind != "AES256":
        yield from _own_key(at(configuration, "kmsKey"))


def _own_key(key: Value) -> Iterator[Verdict]:
    if not key:
        yield Violation(f"{_WHERE}.kmsKey", "is not set, so AWS manages the key", "name a key of yours")
    elif isinstance(key, str) and _AWS_ALIAS.match(key):
        yield Violation(f"{_WHERE}.kmsKey", f"is {shown(key)}, a key that AWS manages", "name a key of yours")
