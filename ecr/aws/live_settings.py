"""The settings that ECR has for one repository: what a stack's state can be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ecr.aws import answers
from ecr.drift import Settings

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import RepositoryTypeDef

    from ecr.aws.repository import EcrRepository


def settings(repository: EcrRepository) -> Settings | None:
    """Tag mutability, scanning and encryption; None when there is no such repository. Needs ecr:DescribeRepositories.

    Raises:
        RemoteError: when AWS refuses or can't be reached.
    """
    client = repository.client
    with repository.errors("DescribeRepositories"):
        try:
            answer = client.describe_repositories(repositoryNames=[repository.name], **repository.registry_id)
        except client.exceptions.RepositoryNotFoundException:
            return None
    with repository.reading("DescribeRepositories"):
        return _settings(answer["repositories"][0])


def repository_policy(repository: EcrRepository) -> str | None:
    """The text of the repository policy; None when it has none, or is not there. Needs ecr:GetRepositoryPolicy.

    Raises:
        RemoteError: when AWS refuses or can't be reached.
    """
    client = repository.client
    with repository.errors("GetRepositoryPolicy"):
        try:
            answer = client.get_repository_policy(repositoryName=repository.name, **repository.registry_id)
        except (
            client.exceptions.RepositoryPolicyNotFoundException,
            client.exceptions.RepositoryNotFoundException,
        ):
            return None
    with repository.reading("GetRepositoryPolicy"):
        return answers.text(answer["policyText"], "policyText")


def tags(repository: EcrRepository, arn: str) -> Mapping[str, str]:
    """The repository's AWS tags; none when it is not there. Needs ecr:ListTagsForResource.

    Raises:
        RemoteError: when AWS refuses or can't be reached.
    """
    client = repository.client
    with repository.errors("ListTagsForResource"):
        try:
            answer = client.list_tags_for_resource(resourceArn=arn)
        except client.exceptions.RepositoryNotFoundException:
            return {}
    with repository.reading("ListTagsForResource"):
        return {
            answers.text(tag["Key"], "a tag's key"): answers.text(tag["Value"], "a tag's value")
            for tag in answer.get("tags", ())
        }


def _settings(found: RepositoryTypeDef) -> Settings:
    filters = found.get("imageTagMutabilityExclusionFilters", ())
    encryption = found.get("encryptionConfiguration", {"encryptionType": "AES256"})
    scan_on_push = found.get("imageScanningConfiguration", {}).get("scanOnPush", False)
    if not isinstance(scan_on_push, bool):
        raise ValueError("scanOnPush is neither true nor false")  # noqa: TRY004 (wrong data, not a wrong type)
    return Settings(
        tag_mutability=answers.text(found.get("imageTagMutability", "MUTABLE"), "imageTagMutability"),
        exclusions=tuple(sorted(answers.texts((entry["filter"] for entry in filters), "a filter"))),
        scan_on_push=scan_on_push,
        encryption=answers.text(encryption["encryptionType"], "encryptionType"),
        key=answers.text(encryption.get("kmsKey", ""), "kmsKey"),
    )
