"""The documents that the `aws` stand-in attaches to ECR repositories: lifecycle policy and repository policy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_resource import REGION, CloudResource
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of


class _Policy(CloudResource):
    """A document attached to a repository; its ID is the repository's name."""

    computed = ("registryId",)

    @override
    def make(self, wanted: Props) -> str:
        """Attaches the document."""
        name = text_of(wanted["repository"])
        self.put(name, text_of(wanted["policy"]))
        return name

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Replaces the document."""
        self.put(resource_id, text_of(wanted["policy"]))

    @abstractmethod
    def put(self, repository: str, document: str) -> None:
        """Sets the document."""


class LifecyclePolicy(_Policy):
    """`aws:ecr/lifecyclePolicy:LifecyclePolicy`."""

    type_name = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    absent = ("LifecyclePolicyNotFoundException", "RepositoryNotFoundException")
    fields: ClassVar[Mapping[str, Field]] = {
        "repository": Field(kind=Kind.TEXT, required=True, replaces=True),
        "policy": Field(kind=Kind.JSON, required=True),
        "region": REGION,
    }

    @override
    def put(self, repository: str, document: str) -> None:
        """Sets the lifecycle policy."""
        self.cloud.ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=document)

    @override
    def look(self, resource_id: str) -> Props | None:
        """The lifecycle policy; gone with its repository."""
        found = self.cloud.ecr.get_lifecycle_policy(repositoryName=resource_id)
        return {"repository": resource_id, "policy": found["lifecyclePolicyText"], "registryId": found["registryId"]}

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the lifecycle policy."""
        self.cloud.ecr.delete_lifecycle_policy(repositoryName=resource_id)


def same_statements(document: Plain) -> Plain:
    """An IAM policy as it counts: AWS unwraps one-element lists, and keeps no order of actions or principals."""
    if isinstance(document, dict):
        return {key: same_statements(value) for key, value in document.items()}
    if isinstance(document, list):
        items = [same_statements(value) for value in document]
        if len(items) == 1:
            return items[0]
        return sorted(items, key=str) if all(isinstance(item, str) for item in items) else items
    return document


class RepositoryPolicy(_Policy):
    """`aws:ecr/repositoryPolicy:RepositoryPolicy`."""

    type_name = "aws:ecr/repositoryPolicy:RepositoryPolicy"
    absent = ("RepositoryPolicyNotFoundException", "RepositoryNotFoundException")
    fields: ClassVar[Mapping[str, Field]] = {
        "repository": Field(kind=Kind.TEXT, required=True, replaces=True),
        "policy": Field(kind=Kind.JSON, required=True, normal=same_statements),
        "region": REGION,
    }

    @override
    def put(self, repository: str, document: str) -> None:
        """Sets the repository policy."""
        self.cloud.ecr.set_repository_policy(repositoryName=repository, policyText=document)

    @override
    def look(self, resource_id: str) -> Props | None:
        """The repository policy; gone with its repository."""
        found = self.cloud.ecr.get_repository_policy(repositoryName=resource_id)
        return {"repository": resource_id, "policy": found["policyText"], "registryId": found["registryId"]}

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the repository policy."""
        self.cloud.ecr.delete_repository_policy(repositoryName=resource_id)
