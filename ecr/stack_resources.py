"""What a stack's state, as `pulumi stack export` writes it, says of an ECR repository and of images.

Source: pulumi/pulumi, sdk/go/common/apitype/core.go, `ResourceV3`; names of properties as in pulumi-aws 7.51.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecr.drift import Settings
from ecr.errors import InputError

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE_POLICY = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"

# What makes an image, and the outputs of which one holds its digest: pulumi-docker 4, `docker.Image`;
# pulumi-docker-build 0.0, `Image`, `Index`; components/promotion.py.
_IMAGES = {
    "docker:index/image:Image": ("repoDigest",),
    "docker-build:index:Image": ("digest", "ref"),
    "docker-build:index:Index": ("ref",),
    "pulumi-python:dynamic/container-registry:Promotion": ("digest",),
}
# And what knows of one that was not made by the stack: components/image.py.
_COMPONENTS = {"container-registry:index:BuiltImage": ("digest", "uri")}
_OUTPUTS = ("image_digest", "image_uri")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?![0-9a-f])")

# pulumi/pulumi, sdk/go/common/resource/properties.go, `SigKey`: what marks an object that is a secret or an asset.
_SIGNATURE = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True)
class StackResources:
    """The resources of one repository, by their properties; None for one that the stack does not have."""

    repository: Mapping[str, object] | None = None
    lifecycle: Mapping[str, object] | None = None
    policy: Mapping[str, object] | None = None

    @property
    def settings(self) -> Settings:
        """The repository's settings.

        Raises:
            InputError: one of them is a secret.
        """
        properties = self.repository or {}
        scanning = _object(properties, "imageScanningConfiguration")
        encryption = next(iter(_objects(properties, "encryptionConfigurations")), {})
        filters = _objects(properties, "imageTagMutabilityExclusionFilters")
        scan_on_push = scanning.get("scanOnPush")
        return Settings(
            tag_mutability=_text(properties, "imageTagMutability"),
            exclusions=tuple(sorted(filter(None, (_text(each, "filter") for each in filters)))),
            scan_on_push=scan_on_push if isinstance(scan_on_push, bool) else None,
            encryption=_text(encryption, "encryptionType"),
            key=_text(encryption, "kmsKey") or "",
        )

    @property
    def tags(self) -> Mapping[str, str] | None:
        """The repository's AWS tags, those by default of the provider included; None when they are not known.

        Raises:
            InputError: one of them is a secret.
        """
        tags = _value(self.repository or {}, "tagsAll")
        return {name: _text(tags, name) or "" for name in tags} if isinstance(tags, dict) else None

    @property
    def lifecycle_policy(self) -> str | None:
        """The text of the lifecycle policy; None without one.

        Raises:
            InputError: it is a secret.
        """
        return _text(self.lifecycle or {}, "policy")

    @property
    def repository_policy(self) -> str | None:
        """The text of the repository policy; None without one.

        Raises:
            InputError: it is a secret.
        """
        return _text(self.policy or {}, "policy")


def of_repository(resources: Sequence[object], name: str) -> StackResources:
    """The resources of the repository called `name`; those that wait to be deleted, or are only looked up, don't count.

    Args:
        resources: `deployment.resources` of an exported state; what is of another form counts as not there.
        name: the repository's name in ECR.
    """

    def find(kind: str, naming: str) -> Mapping[str, object] | None:
        for resource in resources:
            if not isinstance(resource, dict) or resource.get("type") != kind:
                continue
            outputs = resource.get("outputs")
            managed = not resource.get("delete") and not resource.get("external")
            if managed and isinstance(outputs, dict) and outputs.get(naming) == name:
                return outputs
        return None

    return StackResources(
        repository=find(REPOSITORY, "name"),
        lifecycle=find(LIFECYCLE_POLICY, "repository"),
        policy=find(REPOSITORY_POLICY, "repository"),
    )


def digests(*found: object) -> frozenset[str]:
    """All digests that stand anywhere in a state or in outputs, whatever the property is called."""
    return frozenset(_DIGEST.findall(json.dumps(found)))


def unreadable_image(state: Mapping[str, object], outputs: Mapping[str, object]) -> str | None:
    """What of a stack is or names an image of which the digest can't be read, such as a secret; None for nothing.

    Args:
        state: `deployment` of an exported state.
        outputs: of the same stack.
    """
    found = state.get("resources")
    resources = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    images = [each for each in resources if each.get("type") in _IMAGES and not each.get("delete")]
    pushed = [each for each in images if not _is_kept_local(each)]
    if hidden := [each for each in pushed if not _shows_its_digest(each, _IMAGES)]:
        return str(hidden[0].get("urn"))
    named = [name for name in _OUTPUTS if outputs.get(name)]
    told = bool(pushed) or any(_shows_its_digest(each, _COMPONENTS) for each in resources)
    if told or any(digests(outputs[name]) for name in named):
        return None
    # What it has not pushed itself was there already, and its digest has to be known from somewhere.
    return f"its output {named[0]}" if named else next((str(each.get("urn")) for each in images), None)


def _is_kept_local(resource: Mapping[str, object]) -> bool:
    outputs = resource.get("outputs")
    return isinstance(outputs, dict) and outputs.get("skipPush") is True and not outputs.get("repoDigest")


def _shows_its_digest(resource: Mapping[str, object], holding: Mapping[str, Sequence[str]]) -> bool:
    outputs = resource.get("outputs")
    names = holding.get(str(resource.get("type")), ())
    return isinstance(outputs, dict) and any(digests(outputs.get(name)) for name in names)


def _value(properties: Mapping[str, object], key: str) -> object:
    value = properties.get(key)
    if isinstance(value, dict) and _SIGNATURE in value:
        raise InputError(key, "is a secret in the state, so it can't be compared; take it out of the stack's secrets")
    return value


def _text(properties: Mapping[str, object], key: str) -> str | None:
    value = _value(properties, key)
    return value if isinstance(value, str) and value else None


def _object(properties: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = _value(properties, key)
    return value if isinstance(value, dict) else {}


def _objects(properties: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = _value(properties, key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
