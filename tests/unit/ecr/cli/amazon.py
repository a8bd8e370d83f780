"""An ECR that moto plays: a repository with an image, and the surroundings that reach nothing else."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TypedDict

import boto3
import pytest
from mypy_boto3_ecr import ECRClient

from tests import surroundings

REGION, ACCOUNT = "eu-west-1", "123456789012"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


class _Tag(TypedDict, total=False):
    imageTag: str


def sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up credentials, and none of this machine's AWS settings."""
    surroundings.made_up(monkeypatch)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def client() -> ECRClient:
    return boto3.client("ecr", region_name=REGION)


def push(repository: str, tag: str | None, text: str = "") -> str:
    """Have an image, which `text` tells from others; its digest. None leaves it without a tag."""
    # moto makes the digest of an image from those of its layers alone.
    content = sha256(text.encode()).hexdigest() if text else "1" * 64
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": f"sha256:{content}", "size": 1}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "0" * 64, "size": 2},
        "layers": [layer],
    }
    ecr = client()
    if repository not in {found["repositoryName"] for found in ecr.describe_repositories()["repositories"]}:
        ecr.create_repository(repositoryName=repository)
    tagged: _Tag = {"imageTag": tag} if tag is not None else {}
    answer = ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), **tagged)
    return answer["image"]["imageId"]["imageDigest"]
