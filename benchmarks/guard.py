"""What the lifecycle guard adds to a preview, in front of a repository of 10,000 images that a proxy makes up."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from itertools import cycle

from benchmarks.figures import Figure, in_turns, timed
from local.cloud import LocalCloud
from tests.registries.proxy import Reply, Script, Seen, proxied

IMAGES, PAGE = 10_000, 1_000
LIMIT_S = 3.0
STACK = "staging"
REPOSITORY = "staging/bench"
JSON = (("Content-Type", "application/x-amz-json-1.1"),)


def figures(cloud: LocalCloud) -> list[Figure]:
    """Previews without the guard, with one that finds nothing, and with one that finds that most images would go.

    Once with pages that come at once, and once with 0.1 s for each, which is a guess at what ECR takes.
    """
    try:
        cloud.start(docker=False)
        cloud.stack(STACK, [f"repository={REPOSITORY}", "promote="]).up()
        return [figure for latency_s in (0.0, 0.1) for figure in _beside_a_list(cloud, latency_s)]
    finally:
        cloud.stop(wipe=True)


def _beside_a_list(cloud: LocalCloud, latency_s: float) -> list[Figure]:
    given = cloud.environment()
    with proxied(cloud.layout.port, Script(_listing(latency_s))) as proxy:

        def through_the_proxy() -> dict[str, str]:
            return {**given, "AWS_ENDPOINT_URL": proxy.base_url}

        cloud.environment = through_the_proxy  # type: ignore[method-assign]  # the cloud has no other way in
        off, nothing, most = in_turns(
            [
                _preview(cloud, "lifecycleGuard=off"),
                _preview(cloud, f"lifecycle=[{{keep: {IMAGES}}}]"),
                _preview(cloud, "lifecycle=[{keep: 10}]"),
            ]
        )
    without = statistics.median(off)
    return [
        Figure(
            f"preview, {IMAGES} images, {latency_s} s a page: the guard, {what}",
            f"+{statistics.median(taken) - without:.2f} s ({without:.2f} s without)",
            f"<= {LIMIT_S} s",
            statistics.median(taken) - without <= LIMIT_S,
        )
        for what, taken in (("nothing goes", nothing), ("most go", most))
    ]


def _preview(cloud: LocalCloud, setting: str) -> Callable[[int], float]:
    return lambda _round: timed(cloud.stack(STACK, [f"repository={REPOSITORY}", "promote=", setting]).preview)


def _listing(latency_s: float) -> Callable[[Seen], Reply | None]:
    """Answers DescribeImages page by page: they are asked for in order. All else reaches the emulator."""
    answers = cycle(_pages())

    def decide(seen: Seen) -> Reply | None:
        if not seen.headers.get("x-amz-target", "").endswith(".DescribeImages"):
            return None
        time.sleep(latency_s)
        return Reply(200, JSON, next(answers))

    return decide


def _pages() -> list[bytes]:
    now = time.time()
    images = [
        {
            "imageDigest": f"sha256:{number:064x}",
            "imageTags": [f"v{number}"],
            "imageSizeInBytes": 50_000_000 + number,
            "imagePushedAt": now - 60 * (number + 1),
            "imageStatus": "ACTIVE",
            "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        }
        for number in range(IMAGES)
    ]
    parts = [images[start : start + PAGE] for start in range(0, IMAGES, PAGE)]
    return [
        json.dumps({"imageDetails": part, **({"nextToken": "more"} if part is not parts[-1] else {})}).encode()
        for part in parts
    ]
