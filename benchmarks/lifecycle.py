"""The evaluation of a lifecycle policy: time and memory by number of images, each in a process of its own."""

from __future__ import annotations

import gc
import json
import math
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.figures import Figure
from ecr.lifecycle.evaluation import evaluate
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, TagStatus

MANY, MOST, RULES = 100_000, 1_000_000, 50
LIMIT_S = {MANY: 1.0, MOST: 10.0}
LIMIT_MB = 300
NOW = datetime(2026, 11, 22, tzinfo=UTC)
THREE_YEARS_S = 3 * 365 * 24 * 60 * 60


def figures() -> list[Figure]:
    """Measure both sizes."""
    many, most = _measured(MANY), _measured(MOST)
    growth, linearithmic = most["seconds"] / many["seconds"], MOST * math.log(MOST) / (MANY * math.log(MANY))
    return [
        *(
            Figure(
                f"{count} images, {RULES} rules",
                f"{one['seconds']:.2f} s",
                f"< {LIMIT_S[count]:.0f} s",
                one["seconds"] < LIMIT_S[count],
            )
            for count, one in ((MANY, many), (MOST, most))
        ),
        Figure(
            f"{MANY} images: memory", f"{many['megabytes']:.0f} MB", f"< {LIMIT_MB} MB", many["megabytes"] < LIMIT_MB
        ),
        Figure(f"{MOST} images: memory", f"{most['megabytes']:.0f} MB"),
        Figure(f"{MOST} : {MANY} images", f"{growth:.1f}", f"<= {linearithmic:.1f} (n log n)", growth <= linearithmic),
    ]


def _measured(count: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.lifecycle", str(count)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _policy() -> LifecyclePolicy:
    """Fifty rules of every kind, most with a pattern of their own."""
    patterns = (
        pattern
        for number in range(12)
        for pattern in (f"v{number}.*", f"*-{number}", f"*-{number}-*", f"main-{number}*")
    )
    tagged = [
        PolicyRule(
            priority=number,
            tag_status=TagStatus.TAGGED,
            tag_patterns=(pattern,),
            count_type=CountType.IMAGES if number % 2 else CountType.DAYS_SINCE_PUSH,
            count=30 + number,
            action=Action.EXPIRE if number % 3 else Action.ARCHIVE,
        )
        for number, pattern in enumerate(patterns, start=1)
    ]
    unused = PolicyRule(
        priority=RULES - 1,
        tag_status=TagStatus.UNTAGGED,
        count_type=CountType.DAYS_SINCE_PULL,
        count=90,
        action=Action.ARCHIVE,
    )
    rest = PolicyRule(priority=RULES, tag_status=TagStatus.ANY, count_type=CountType.IMAGES, count=1000)
    return LifecyclePolicy((*tagged, unused, rest))


def _images(count: int) -> Iterator[Image]:
    """Releases, builds with two tags, pull requests, and untagged images, in no order."""
    made_up = random.Random(count)  # noqa: S311 - a repository, not a secret
    for number in range(count):
        kind = made_up.random()
        build = (f"sha-{made_up.getrandbits(48):012x}", f"main-{number}-{made_up.randrange(50)}")
        tags = ((), (f"v{number % 97}.{number}",), build, (f"pr-{number}-build",))[int(kind * 4)]
        pushed_at = NOW - timedelta(seconds=made_up.randrange(THREE_YEARS_S))
        yield Image(
            digest=f"sha256:{made_up.getrandbits(256):064x}",
            tags=tags,
            pushed_at=pushed_at,
            size=made_up.randrange(10**9),
            pulled_at=pushed_at + (NOW - pushed_at) / 2 if made_up.random() < kind else None,
        )


def _measure(count: int) -> None:
    policy, images = _policy(), tuple(_images(count))
    gc.freeze()  # as the commands do
    start = time.perf_counter()
    expired = len(evaluate(policy, images, NOW).expired)
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": taken, "megabytes": peak, "expired": expired}))


if __name__ == "__main__":
    _measure(int(sys.argv[1]))
