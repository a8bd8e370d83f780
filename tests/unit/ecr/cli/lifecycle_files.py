"""Policies and lists of images as files, and a project with a stack file, for the lifecycle commands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = ("--now", "2026-11-22T12:00:00Z")
FILES = ("--policy", "policy.json", "--images", "images.json")
UNTAGGED_AFTER_14_DAYS: dict[str, object] = {
    "rulePriority": 1,
    "description": "expire untagged images 14 days after the push",
    "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
    "action": {"type": "expire"},
}
ARCHIVE_BEYOND_3: dict[str, object] = {
    "rulePriority": 2,
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3},
    "action": {"type": "transition", "targetStorageClass": "archive"},
}
RULES = (UNTAGGED_AFTER_14_DAYS, ARCHIVE_BEYOND_3)

# A stack whose file names the same policy, nearly: typed rules have descriptions.
STACK = """\
config:
  aws:region: eu-west-1
  container-registry:repository: dev/yoon-app
  container-registry:build: {context: images/nginx, tag: v1.0.0}
  container-registry:lifecycle:
    - {expireDays: 14, untagged: true}
    - {keep: 3, then: archive}
"""


def digest(number: int) -> str:
    return f"sha256:{f'{number:02x}' * 32}"


def image(number: int, age_days: float, *tags: str, **more: object) -> dict[str, object]:
    """One entry as `aws ecr describe-images` writes it, of a tenth of a GB for each number."""
    return {
        "registryId": "123456789012",
        "repositoryName": "dev/yoon-app",
        "imageDigest": digest(number),
        **({"imageTags": list(tags)} if tags else {}),
        "imageSizeInBytes": number * 10**8,
        "imagePushedAt": (NOW - timedelta(days=age_days)).isoformat(),
        **more,
    }


# By age: 1 and 2 stay; 3 stays as the third; 4 is archived; 5 and 6 are expired.
IMAGES = (
    image(1, 1, "v1.0.0", "latest"),
    image(2, 2),
    image(3, 3, "v0.9.0"),
    image(4, 20, "v0.8.0", "v0.8", "v0", "stable", "eol"),
    image(5, 20.5),
    image(6, 30),
)


def write(
    folder: Path, rules: Sequence[Mapping[str, object]] = RULES, images: Sequence[Mapping[str, object]] = IMAGES
) -> None:
    """Have the files that `FILES` names, and the stack `dev`."""
    (folder / "policy.json").write_text(json.dumps({"rules": list(rules)}))
    (folder / "images.json").write_text(json.dumps({"imageDetails": list(images)}))
    (folder / "Pulumi.yaml").write_text("name: container-registry\n")
    (folder / "Pulumi.dev.yaml").write_text(STACK)
