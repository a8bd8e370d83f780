"""What the real `pulumi` command asks of S3 for one stack, held against the policy of a stage's role."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from ecr.pipeline import stack_policy
from ecr.pipeline.model import Stage, State
from local.cloud import LocalCloud
from tests.engine.bench import REGION
from tests.engine.conftest import ROOT
from tests.engine.test_workflows import change
from tests.engine.workflows import copy_of_the_project, shell_environment, virtual_environment
from tests.policies import evaluator
from tests.policies.evaluator import Request

pytestmark = pytest.mark.engine

BUCKET, PREFIX, STACK, PROJECT = "acme-state", "teams/shop", "staging", "container-registry"
ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}

STAGES = tuple(Stage(stack=one, project=f"shop-{one}", repository=f"{one}/state") for one in ("dev", STACK, "prod"))

# An action, its resource, and the prefix of a listing.
Asked = tuple[str, str, str | None]


@dataclass
class Store:
    """As much of S3 as Pulumi uses, and what was asked of it, as IAM would see it.

    The emulator's own S3 (MiniStack 1.5.33) refuses the checksums that Pulumi's client sends.
    """

    port: int = 0
    objects: dict[str, bytes] = field(default_factory=dict)
    seen: set[Asked] = field(default_factory=set)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """A path begins with the bucket (Amazon S3 API reference)."""
        parts = urlsplit(path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        if not key:
            query = dict(parse_qsl(parts.query))
            self.seen.add(("s3:ListBucket", f"arn:aws:s3:::{bucket}", query.get("prefix")))
            return 200, self._listed(query)
        self.seen.add((ACTIONS[method], f"arn:aws:s3:::{bucket}/{key}", None))
        if method == "PUT":
            copied = headers.get("x-amz-copy-source")
            if copied is not None:
                source = unquote(copied).lstrip("/")
                self.seen.add(("s3:GetObject", f"arn:aws:s3:::{source}", None))
                body = self.objects[source.partition("/")[2]]
            self.objects[key] = body
            return 200, COPIED if copied is not None else b""
        if method == "DELETE":
            self.objects.pop(key, None)
            return 204, b""
        return (200, self.objects[key]) if key in self.objects else (404, b"" if method == "HEAD" else NO_SUCH_KEY)

    def _listed(self, query: Mapping[str, str]) -> bytes:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        found = sorted(key for key in self.objects if key.startswith(prefix))
        folders = {
            prefix + key.removeprefix(prefix).split(delimiter)[0] + delimiter
            for key in found
            if delimiter and delimiter in key.removeprefix(prefix)
        }
        files = [key for key in found if not any(key.startswith(folder) for folder in folders)]
        contents = "".join(
            f"<Contents><Key>{key}</Key><LastModified>{WHEN}</LastModified><ETag>x</ETag>"
            f"<Size>{len(self.objects[key])}</Size></Contents>"
            for key in files
        )
        below = "".join(f"<CommonPrefixes><Prefix>{one}</Prefix></CommonPrefixes>" for one in sorted(folders))
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}{below}</ListBucketResult>".encode()


WHEN = "2026-11-22T12:00:00.000Z"
COPIED = f"<CopyObjectResult><ETag>x</ETag><LastModified>{WHEN}</LastModified></CopyObjectResult>".encode()
NO_SUCH_KEY = b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>"


def unframed(body: bytes) -> bytes:
    """A body without the frames of `aws-chunked` (Amazon S3 API reference, "Signature calculations ... chunked")."""
    found = b""
    while True:
        head, _, body = body.partition(b"\r\n")
        size = int(head.split(b";")[0], 16)
        if not size:
            return found
        found, body = found + body[:size], body[size + 2 :]


@contextmanager
def serving() -> Iterator[Store]:
    store = Store()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "aws-chunked" in (self.headers.get("Content-Encoding") or ""):
                body = unframed(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, content = store.answer(self.command, self.path, headers, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", '"x"')
            self.send_header("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_stage_may_do_all_that_pulumi_asks_of_the_state_and_its_preview_only_reads(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    checkout = copy_of_the_project(ROOT, tmp_path / "checkout")
    virtual_environment(checkout / ".venv", Path(sys.prefix))
    change(checkout, STACK, repository="staging/state", promote={})
    with serving() as asked:
        where = f"endpoint=http://127.0.0.1:{asked.port}&s3ForcePathStyle=true&disableSSL=true&region={REGION}"
        environment = {
            **shell_environment(cloud),
            "PULUMI_BACKEND_URL": f"s3://{BUCKET}/{PREFIX}?{where}",
        }

        def pulumi(*arguments: str, fails: str | None = None) -> None:
            done = subprocess.run(
                ["pulumi", *arguments, "--non-interactive"],
                cwd=checkout,
                env=environment,
                check=False,
                capture_output=True,
                text=True,
                timeout=200,
            )
            said = done.stdout + done.stderr
            assert done.returncode == 0 if fails is None else fails in said, said

        # What a person does once for each stack.
        for stack in ("dev", STACK, "prod"):
            pulumi("stack", "init", stack, "--no-select")
        asked.seen.clear()
        pulumi("stack", "--stack", STACK, "--show-name")
        pulumi("preview", "--stack", STACK)
        change(checkout, STACK, promote={"from": "dev"})
        pulumi("preview", "--stack", STACK, fails="stack dev has no output")
        previewed = set(asked.seen)
        change(checkout, STACK, promote={})
        pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
        pulumi("stack", "output", "--stack", STACK)
        deployed = set(asked.seen)
        pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)

    assert {action for action, _, _ in deployed} == {*ACTIONS.values(), "s3:ListBucket"}
    assert {action for action, _, _ in previewed} == {"s3:GetObject", "s3:ListBucket"}
    assert refused(deployed, preview=False) == set()
    assert refused(previewed, preview=True) == set()
    # What dev has published is read; nobody else's files are.
    read = {resource for action, resource, _ in deployed if action == "s3:GetObject"}
    assert {one for one in read if "/dev" in one or "/prod" in one} == {
        f"arn:aws:s3:::{BUCKET}/{PREFIX}/.pulumi/stacks/{PROJECT}/dev.json"
    }


def refused(asked: set[Asked], *, preview: bool) -> set[Asked]:
    """What the policy of the stage's role, or of its preview's, does not allow."""
    document = stack_policy.state_permissions(
        State(bucket=BUCKET, prefix=PREFIX), STAGES, 1, project=PROJECT, partition="aws", preview=preview
    ).document
    return {
        (action, resource, prefix)
        for action, resource, prefix in asked
        if not evaluator.allowed(
            document,
            Request(action=action, resource=resource, context={} if prefix is None else {"s3:prefix": prefix}),
        )
    }
