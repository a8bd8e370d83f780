"""Principals whose pulls are not counted: an image that only they pull looks unused to a lifecycle policy.

Sources: ECR user guide, "Pull-time update exclusions" (how many); ECR API reference, RegisterPullTimeUpdateExclusion
(the ARN; it takes users too, of which the user guide does not speak).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ecr.problems import Problem, refused_items
from ecr.regions import PARTITION
from ecr.registry.policy import other_partition

MAX_EXCLUSIONS = 100  # an account

_PRINCIPAL = re.compile(
    rf"arn:(?P<partition>{PARTITION}):iam::[0-9]{{12}}:(?:role|user)/[\w+=,.@-]+(?:/[\w+=,.@-]+)*", re.ASCII
)
_MAX_PRINCIPAL = 200
PRINCIPAL_RULE = (
    "the ARN of a role or user, such as arn:aws:iam::123456789012:role/scanner, of up to 200 characters, without "
    "wildcards"
)


def is_principal(text: str) -> bool:
    """Whether ECR accepts `text` as somebody whose pulls don't count."""
    return len(text) <= _MAX_PRINCIPAL and _PRINCIPAL.fullmatch(text) is not None


def problems(principals: Sequence[str], *, region: str | None = None) -> Iterator[Problem]:
    """What ECR would refuse.

    Args:
        principals: ARNs.
        region: the registry's own Region; None while it is not known, and then less can be told.
    """
    if len(principals) > MAX_EXCLUSIONS:
        yield Problem("", f"has {len(principals)} principals; ECR accepts up to {MAX_EXCLUSIONS} in an account")
    yield from refused_items("", principals, is_principal, PRINCIPAL_RULE)
    for index, principal in enumerate(principals):
        match = _PRINCIPAL.fullmatch(principal)
        if match and (problem := other_partition(match["partition"], principal, region)):
            yield problem.below(f"[{index}]")
