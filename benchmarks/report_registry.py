"""An ECR of 20 repositories of 1,000 images, made up, in its own process: `python -m benchmarks.report_registry`.

Prints the port that it listens on.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REPOSITORIES, IMAGES, PAGE = 20, 1_000, 1_000
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYERS = 6
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 900},
            "action": {"type": "expire"},
        },
    ]
}


def repositories() -> list[str]:
    return [f"team/app-{number}" for number in range(REPOSITORIES)]


def manifest(repository: str, number: int) -> str:
    """One of which all but the last layer are shared with neighbours."""
    digests = [f"{repository}/{level}/{number // 10**level}" for level in range(LAYERS, 0, -1)]
    config = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": _digest(f"{repository}/{number}"),
        "size": 2000,
    }
    layers = [
        {"mediaType": LAYER, "digest": _digest(name), "size": 1_000_000 + len(name) * at * 1000}
        for at, name in enumerate([*digests, f"{repository}/own/{number}"])
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})


class Registry:
    """What there is."""

    def __init__(self) -> None:
        self.now = time.time()
        self.manifests: dict[str, str] = {}
        self.details: dict[str, list[dict[str, object]]] = {}
        for repository in repositories():
            self.details[repository] = [self._detail(repository, number) for number in range(IMAGES)]

    def answer(self, operation: str, asked: dict[str, Any]) -> tuple[int, dict[str, object]]:
        name = str(asked.get("repositoryName", ""))
        if operation == "DescribeImages" and name in self.details:
            start = int(asked.get("nextToken", 0))
            end = start + min(PAGE, int(asked.get("maxResults", PAGE)))
            more = {"nextToken": str(end)} if end < IMAGES else {}
            return 200, {"imageDetails": self.details[name][start:end], **more}
        if operation == "BatchGetImage" and name in self.details:
            digests = [each["imageDigest"] for each in asked["imageIds"]]
            found = [
                {
                    "imageId": {"imageDigest": digest},
                    "imageManifest": self.manifests[digest],
                    "imageManifestMediaType": MANIFEST,
                }
                for digest in digests
            ]
            return 200, {"images": found, "failures": []}
        if operation == "GetLifecyclePolicy" and name in self.details:
            return 200, {"repositoryName": name, "lifecyclePolicyText": json.dumps(POLICY)}
        return 400, {"__type": "UnknownOperationException", "message": f"{operation} is not played here"}

    def _detail(self, repository: str, number: int) -> dict[str, object]:
        text = manifest(repository, number)
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        self.manifests[digest] = text
        counts = {"HIGH": number % 5, "MEDIUM": number % 11, "LOW": 12}
        return {
            "imageDigest": digest,
            **({"imageTags": [f"v1.{number}"]} if number % 4 else {}),
            "imageSizeInBytes": 7_000_000 + number,
            "imagePushedAt": self.now - 3600 * (number + 1),
            "imageStatus": "ACTIVE",
            "imageManifestMediaType": MANIFEST,
            "imageScanStatus": {"status": "COMPLETE"},
            "imageScanFindingsSummary": {"findingSeverityCounts": counts},
        }


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def main() -> None:
    registry = Registry()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            status, answer = registry.answer(operation, asked)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
