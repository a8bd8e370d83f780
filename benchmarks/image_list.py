"""What `python -m ecr images` takes for 10,000 images, beside a bare loop over boto3's pages of the same list."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from unittest import mock

import boto3

from benchmarks.figures import Figure, in_turns, ratio, timed
from ecr.cli import app
from tests.registries.proxy import Reply, Script, Seen, proxied

IMAGES, PAGE = 10_000, 1_000
LATENCY_S = 0.1  # a guess at what ECR takes for a page
LIMIT = 1.5
REPOSITORY, REGION = "dev/bench", "eu-west-1"
_JSON = (("Content-Type", "application/x-amz-json-1.1"),)
_PUSHED_AT = 1_790_000_000
_MADE_UP = {
    "AWS_ACCESS_KEY_ID": "made-up-id",
    "AWS_SECRET_ACCESS_KEY": "made-up-key",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def figures() -> list[Figure]:
    """The command, in this process, in turns with the loop; its table goes nowhere."""
    pages = [_page(number) for number in range(IMAGES // PAGE)]
    with _served(pages) as environment, mock.patch.dict(os.environ, environment):
        ours, table_only, theirs = in_turns([_images("--json"), _images(), _bare_loop])
    what = f"images of {IMAGES} images, {LATENCY_S} s a page, to a bare loop over boto3's pages"
    return [ratio(f"{what}: table", table_only, theirs, LIMIT), ratio(f"{what}: JSON", ours, theirs, LIMIT)]


def _images(*options: str) -> _Measured:
    return _Measured(options)


class _Measured:
    """Runs the command and says how long it took."""

    def __init__(self, options: tuple[str, ...]) -> None:
        self._options = options

    def __call__(self, _round: int) -> float:
        nowhere = io.StringIO()
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(io.StringIO()):
            taken = timed(lambda: app.main(["images", "--repository", REPOSITORY, *self._options]))
        shown = nowhere.getvalue().count("sha256:")
        if shown < IMAGES:
            raise RuntimeError(f"{shown} images were listed")
        return taken


def _bare_loop(_round: int) -> float:
    def read() -> int:
        client = boto3.Session().client("ecr", region_name=REGION)
        found = client.get_paginator("describe_images").paginate(
            repositoryName=REPOSITORY, filter={"imageStatus": "ANY"}, PaginationConfig={"PageSize": PAGE}
        )
        return sum(len(page["imageDetails"]) for page in found)

    return timed(read)


@contextmanager
def _served(pages: list[bytes]) -> Iterator[dict[str, str]]:
    """The environment that leads to the list; a page takes as long to come as the network and ECR might."""
    turn = count()

    def answer(_seen: Seen) -> Reply:
        time.sleep(LATENCY_S)
        return Reply(200, _JSON, pages[next(turn) % len(pages)])

    with proxied(1, Script(answer)) as proxy:
        yield {**_MADE_UP, "AWS_ENDPOINT_URL": proxy.base_url}


def _page(number: int) -> bytes:
    details = [
        {
            "registryId": "123456789012",
            "repositoryName": REPOSITORY,
            "imageDigest": f"sha256:{number * PAGE + at:064x}",
            "imageTags": [f"v1.{number}.{at}"],
            "imageSizeInBytes": 50_000_000 + at,
            "imagePushedAt": _PUSHED_AT + number * PAGE + at,
            "lastRecordedPullTime": _PUSHED_AT + 86_400 + at,
            "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
            "imageStatus": "ACTIVE",
            "imageScanStatus": {"status": "COMPLETE"},
            "imageScanFindingsSummary": {"findingSeverityCounts": {"HIGH": at % 7, "LOW": 3}},
        }
        for at in range(PAGE)
    ]
    more = {} if number + 1 == IMAGES // PAGE else {"nextToken": f"page-{number + 1}"}
    return json.dumps({"imageDetails": details, **more}).encode()
