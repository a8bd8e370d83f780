"""The ECR types of the `aws` stand-in that a whole registry shares, as in pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, asked, first, inside, pairs, tags_in, texts
from local.plugins.aws_ecr_policies import same_statements
from local.plugins.aws_resource import REGION
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of, texts_of

_REGISTRY: Mapping[str, str] = {"registryId": "registryId"}
_FILTERS = Field(
    kind=Kind.OBJECTS,
    api="repositoryFilters",
    unordered=True,
    fields={
        "filter": Field(kind=Kind.TEXT, api="filter", required=True),
        "filterType": Field(kind=Kind.TEXT, api="filterType", required=True, choices=("WILDCARD", "PREFIX_MATCH")),
    },
)


class _Registry(ApiResource):
    """A setting that a registry has once. There is nothing to find or lose: without the resource, it is AWS's own."""

    service = "ecr"
    outputs: ClassVar[Mapping[str, str]] = _REGISTRY
    stables = ("registryId",)

    @override
    def make(self, wanted: Props) -> str:
        """Sets it, over whatever was set before; the ID is the registry's."""
        self.put(self.request(wanted))
        return text_of(self.get().get("registryId"))

    @override
    def look(self, resource_id: str) -> Props | None:
        """What is set."""
        return self.described(self.get())

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Sets it anew."""
        self.put(self.request(wanted))

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Sets what a new registry has."""
        self.put(self.at_first())

    def put(self, request: Props) -> None:
        """Sets it."""
        raise NotImplementedError

    def get(self) -> Props:
        """What is set, with the registry's ID."""
        raise NotImplementedError

    def at_first(self) -> Props:
        """What a new registry has."""
        raise NotImplementedError


class RegistryScanningConfiguration(_Registry):
    """`aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration`."""

    type_name = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
    fields: ClassVar[Mapping[str, Field]] = {
        "scanType": Field(kind=Kind.TEXT, api="scanType", required=True, choices=("BASIC", "ENHANCED")),
        "rules": Field(
            kind=Kind.OBJECTS,
            api="rules",
            unordered=True,
            fields={
                "scanFrequency": Field(
                    kind=Kind.TEXT,
                    api="scanFrequency",
                    required=True,
                    choices=("SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"),
                ),
                "repositoryFilters": _FILTERS,
            },
        ),
        "region": REGION,
    }

    @override
    def put(self, request: Props) -> None:
        """Sets scan type and rules."""
        self.call("put_registry_scanning_configuration", **({"rules": []} | request))

    @override
    def get(self) -> Props:
        """Scan type and rules."""
        found = self.call("get_registry_scanning_configuration")
        return found | inside(found, "scanningConfiguration")

    @override
    def at_first(self) -> Props:
        """Basic scanning, and no rules."""
        return {"scanType": "BASIC"}


class ReplicationConfiguration(_Registry):
    """`aws:ecr/replicationConfiguration:ReplicationConfiguration`."""

    type_name = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
    _rule: ClassVar[Mapping[str, Field]] = {
        "destinations": Field(
            kind=Kind.OBJECTS,
            api="destinations",
            required=True,
            fields={
                "region": Field(kind=Kind.TEXT, api="region", required=True),
                "registryId": Field(kind=Kind.TEXT, api="registryId", required=True),
            },
        ),
        "repositoryFilters": _FILTERS,
    }
    fields: ClassVar[Mapping[str, Field]] = {
        "replicationConfiguration": Field(
            kind=Kind.OBJECT,
            api="replicationConfiguration",
            fields={"rules": Field(kind=Kind.OBJECTS, api="rules", required=True, fields=_rule)},
        ),
        "region": REGION,
    }

    @override
    def put(self, request: Props) -> None:
        """Sets the rules."""
        nothing: Props = {"replicationConfiguration": {"rules": []}}
        self.call("put_replication_configuration", **(nothing | request))

    @override
    def get(self) -> Props:
        """The rules."""
        return self.call("describe_registry")

    @override
    def at_first(self) -> Props:
        """Nothing is replicated."""
        return {}


class RegistryPolicy(ApiResource):
    """`aws:ecr/registryPolicy:RegistryPolicy`; its ID is the registry's."""

    type_name = "aws:ecr/registryPolicy:RegistryPolicy"
    service = "ecr"
    absent = ("RegistryPolicyNotFoundException",)
    fields: ClassVar[Mapping[str, Field]] = {
        "policy": Field(kind=Kind.JSON, api="policyText", required=True, normal=same_statements),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = _REGISTRY
    stables = ("registryId",)

    @override
    def make(self, wanted: Props) -> str:
        """Sets the policy."""
        return text_of(self.call("put_registry_policy", **self.request(wanted))["registryId"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The policy."""
        return self.described(self.call("get_registry_policy"))

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Replaces the policy."""
        self.make(wanted)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the policy."""
        self.call("delete_registry_policy")


class PullThroughCacheRule(ApiResource):
    """`aws:ecr/pullThroughCacheRule:PullThroughCacheRule`; its ID is its prefix."""

    type_name = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
    service = "ecr"
    absent = ("PullThroughCacheRuleNotFoundException",)
    fields: ClassVar[Mapping[str, Field]] = {
        "ecrRepositoryPrefix": Field(kind=Kind.TEXT, api="ecrRepositoryPrefix", required=True, replaces=True),
        "upstreamRegistryUrl": Field(kind=Kind.TEXT, api="upstreamRegistryUrl", required=True, replaces=True),
        "upstreamRepositoryPrefix": Field(
            kind=Kind.TEXT, api="upstreamRepositoryPrefix", cloud_decides=True, replaces=True
        ),
        "credentialArn": Field(kind=Kind.TEXT, api="credentialArn"),
        "customRoleArn": Field(kind=Kind.TEXT, api="customRoleArn"),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = _REGISTRY
    stables = ("registryId",)

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A prefix has one rule."""
        return state.get("ecrRepositoryPrefix") == wanted.get("ecrRepositoryPrefix")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the rule."""
        self.call("create_pull_through_cache_rule", **self.request(wanted))
        return text_of(wanted["ecrRepositoryPrefix"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The rule."""
        found = self.call("describe_pull_through_cache_rules", ecrRepositoryPrefixes=[resource_id])
        rule = first(found, "pullThroughCacheRules")
        return rule and self.described(rule)

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Credentials and role change in place."""
        given = {key: value for key, value in self.request(wanted).items() if key in ("credentialArn", "customRoleArn")}
        self.call("update_pull_through_cache_rule", ecrRepositoryPrefix=resource_id, **given)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the rule; the repositories that it made stay."""
        self.call("delete_pull_through_cache_rule", ecrRepositoryPrefix=resource_id)


class RepositoryCreationTemplate(ApiResource):
    """`aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate`; its ID is its prefix."""

    type_name = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
    service = "ecr"
    absent = ("TemplateNotFoundException",)
    fields: ClassVar[Mapping[str, Field]] = {
        "prefix": Field(kind=Kind.TEXT, api="prefix", required=True, replaces=True),
        "appliedFors": Field(kind=Kind.LIST, api="appliedFor", required=True, unordered=True),
        "description": Field(kind=Kind.TEXT, api="description"),
        "customRoleArn": Field(kind=Kind.TEXT, api="customRoleArn"),
        "imageTagMutability": Field(
            kind=Kind.TEXT,
            api="imageTagMutability",
            default="MUTABLE",
            choices=("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"),
        ),
        "imageTagMutabilityExclusionFilters": Field(
            kind=Kind.OBJECTS,
            api="imageTagMutabilityExclusionFilters",
            fields={
                "filter": Field(kind=Kind.TEXT, api="filter", required=True),
                "filterType": Field(kind=Kind.TEXT, api="filterType", required=True, choices=("WILDCARD",)),
            },
        ),
        "encryptionConfigurations": Field(
            kind=Kind.OBJECTS,
            cloud_decides=True,
            fields={
                "encryptionType": Field(
                    kind=Kind.TEXT, api="encryptionType", default="AES256", choices=("AES256", "KMS", "KMS_DSSE")
                ),
                "kmsKey": Field(kind=Kind.TEXT, api="kmsKey", cloud_decides=True),
            },
        ),
        "lifecyclePolicy": Field(kind=Kind.JSON, api="lifecyclePolicy"),
        "repositoryPolicy": Field(kind=Kind.JSON, api="repositoryPolicy", normal=same_statements),
        "resourceTags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = _REGISTRY
    stables = ("registryId",)

    @override
    def request(self, wanted: Props) -> Props:
        """Encryption is a list of one in the program and an object in the API; tags are pairs there."""
        encryption = first(wanted, "encryptionConfigurations")
        spec = self.fields["encryptionConfigurations"]
        more: Props = {"encryptionConfiguration": asked(spec.fields, encryption)} if encryption else {}
        tags = pairs(texts_of(wanted.get("resourceTags")))
        return super().request(wanted) | more | ({"resourceTags": tags} if tags else {})

    @override
    def make(self, wanted: Props) -> str:
        """Creates the template."""
        self.call("create_repository_creation_template", **self.request(wanted))
        return text_of(wanted["prefix"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The template."""
        answer = self.call("describe_repository_creation_templates", prefixes=[resource_id])
        found = first(answer, "repositoryCreationTemplates")
        if found is None:
            return None
        encryption = inside(found, "encryptionConfiguration")
        tags: Props = dict(tags_in({"Tags": found.get("resourceTags")}))
        return self.described(found | {"registryId": answer.get("registryId")}) | {
            "encryptionConfigurations": [encryption] if encryption else None,
            "resourceTags": tags or None,
        }

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Everything but the prefix changes in place; what is not wanted any more is emptied."""
        emptied: Props = {}
        for key in self.changed(state, wanted):
            if wanted.get(key) is None:
                kind = self.fields[key].kind
                emptied[self.fields[key].api or key] = "" if kind in (Kind.TEXT, Kind.JSON) else []
        self.call("update_repository_creation_template", **(emptied | self.request(wanted)))

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the template."""
        self.call("delete_repository_creation_template", prefix=resource_id)


class AccountSetting(ApiResource):
    """`aws:ecr/accountSetting:AccountSetting`; its ID is its name. Deleting the resource leaves the setting."""

    type_name = "aws:ecr/accountSetting:AccountSetting"
    service = "ecr"
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, api="name", required=True, replaces=True),
        "value": Field(kind=Kind.TEXT, api="value", required=True),
        "region": REGION,
    }

    @override
    def make(self, wanted: Props) -> str:
        """Sets the value."""
        self.call("put_account_setting", **self.request(wanted))
        return text_of(wanted["name"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The value."""
        return self.described(self.call("get_account_setting", name=resource_id))

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Sets the value."""
        self.make(wanted)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """AWS has no operation that unsets it, and the official plugin leaves it, too."""


class PullTimeUpdateExclusion(ApiResource):
    """`aws:ecr/pullTimeUpdateExclusion:PullTimeUpdateExclusion`; its ID is the principal's ARN."""

    type_name = "aws:ecr/pullTimeUpdateExclusion:PullTimeUpdateExclusion"
    service = "ecr"
    absent = ("ExclusionNotFoundException",)
    fields: ClassVar[Mapping[str, Field]] = {
        "principalArn": Field(kind=Kind.TEXT, api="principalArn", required=True, replaces=True),
        "region": REGION,
    }

    @override
    def make(self, wanted: Props) -> str:
        """Registers the principal."""
        self.call("register_pull_time_update_exclusion", **self.request(wanted))
        return text_of(wanted["principalArn"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """Whether the principal is among those registered."""
        token: Plain = None
        while True:
            page = self.call("list_pull_time_update_exclusions", nextToken=token)
            if resource_id in texts(page.get("pullTimeUpdateExclusions")):
                return {"principalArn": resource_id}
            token = page.get("nextToken")
            if not token:
                return None

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Nothing changes in place."""

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Takes the principal off the list."""
        self.call("deregister_pull_time_update_exclusion", principalArn=resource_id)
