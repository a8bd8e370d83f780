"""Repositories as arguments name them: NAME, or HOST/NAME."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr.config_reader import shown
from ecr.errors import InputError
from ecr.reference import EcrHost, is_repository_name

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository

OPTION = "--repository"

_RULE = "NAME, or HOST/NAME with ECR's host or that of the local cloud"


def has_region(text: str) -> bool:
    """Whether a repository is named with ECR's host, which tells account and Region."""
    return EcrHost.parse(text.partition("/")[0]) is not None


def named(text: str, *, region: str | None = None, profile: str | None = None) -> EcrRepository:
    """The live repository that `text` names; it need not exist.

    Args:
        text: `NAME`, or `HOST/NAME` with ECR's host or one on this machine, to which AWS_ENDPOINT_URL leads then.
        region: of a repository whose host does not tell it; None for what boto3 finds.
        profile: of the AWS configuration files; None for the environment's.

    Raises:
        InputError: it names none.
    """
    from ecr.aws.repository import EcrRepository
    from ecr.oci.transport import is_loopback

    host, _, name = text.partition("/")
    registry = EcrHost.parse(host)
    emulated = registry is None and bool(name) and is_loopback(host.partition(":")[0])
    if registry is None and not emulated:
        name = text
    if not is_repository_name(name):
        raise InputError(OPTION, f"{shown(text)} names no repository; accepted: {_RULE}")
    if registry is not None:
        return EcrRepository(name, region=registry.region, account=registry.account, profile=profile)
    return EcrRepository(name, region=region, profile=profile)
