"""AWS tags of resources (not of images): what AWS accepts.

AWS General Reference, "Tagging AWS resources".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ecr.problems import Problem, refused

MAX_TAGS = 50
MAX_KEY = 128
MAX_VALUE = 256
_TEXT = re.compile(r"[\w .:/=+@-]*")
RULE = (
    f"up to {MAX_TAGS} tags of letters, digits, spaces and _.:/=+-@; keys of 1 to {MAX_KEY} characters that do not "
    f"start with 'aws:', values of up to {MAX_VALUE} characters"
)


def is_key(text: str) -> bool:
    """Whether AWS accepts `text` as the key of a tag."""
    return 1 <= len(text) <= MAX_KEY and not text.lower().startswith("aws:") and _TEXT.fullmatch(text) is not None


def problems(tags: Mapping[str, str]) -> Iterator[Problem]:
    """What AWS would refuse of these tags, with the tag's key as the path."""
    if len(tags) > MAX_TAGS:
        yield Problem("", f"has {len(tags)} tags; accepted: {RULE}")
    for key, value in tags.items():
        if not is_key(key):
            yield refused("", key, f"keys: {RULE}")
        elif len(value) > MAX_VALUE or not _TEXT.fullmatch(value):
            yield refused(key, value, RULE)
