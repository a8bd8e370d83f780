"""`PromotedImage`: an image that another stack has published, copied by its digest into this stack's repository."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import dynamic

from components.promotion_provider import PromotionProvider
from ecr import gate_config
from ecr.promotion import Origin, Promotion, whole_stack_name
from ecr.repository import TagMutability


@dataclass(frozen=True, kw_only=True)
class PromotionSource:
    """The image that the source stack has published.

    Attributes:
        repository_arn: of the repository that holds it.
        repository_url: `HOST/NAME` of that repository.
        digest: `sha256:...`
        tag: the tag it was published under.
    """

    repository_arn: pulumi.Input[str]
    repository_url: pulumi.Input[str]
    digest: pulumi.Input[str]
    tag: pulumi.Input[str]

    @classmethod
    def from_stack(cls, name: str) -> PromotionSource:
        """What another stack's outputs say.

        Args:
            name: `STACK`, `PROJECT/STACK` or `ORGANIZATION/PROJECT/STACK`; what is left out is as with this stack.

        Raises:
            pulumi.RunError: once the outputs are read, when the stack has published no image.
        """
        stack = pulumi.StackReference(whole_stack_name(name, pulumi.get_organization(), pulumi.get_project()))
        return cls(
            repository_arn=_output(stack, "repository_arn", name),
            repository_url=_output(stack, "repository_url", name),
            digest=_output(stack, "image_digest", name),
            tag=_output(stack, "image_tag", name),
        )


@dataclass(frozen=True, kw_only=True)
class PromotedImageArgs:
    """What is promoted, and where to.

    Attributes:
        promotion: what the stack file says: source stack, digest, tag, gate.
        source: the image of the source stack.
        repository_name: the target repository's name in ECR.
        repository_url: `HOST/NAME` of the target repository, as `ImageRepository.url` gives it.
        tag_mutability: which tags of the target can be moved.
        region: AWS Region of the target; None for the environment's.
        profile: AWS profile that both repositories are reached with; None for the environment's.
    """

    promotion: Promotion
    source: PromotionSource
    repository_name: str
    repository_url: pulumi.Input[str]
    tag_mutability: TagMutability
    region: str | None = None
    profile: str | None = None


class _Promotion(dynamic.Resource, module="container-registry", name="Promotion"):
    """The dynamic resource. Its type token and its properties are contracts: states hold them."""

    tag: pulumi.Output[str]
    digest: pulumi.Output[str]
    origin: pulumi.Output[str]
    gated: pulumi.Output[str]


class PromotedImage(pulumi.ComponentResource):
    """An image promoted from another stack's repository: same digest, nothing rebuilt, no Docker daemon needed.

    The gate and everything else that can be refused is refused in the preview.

    Attributes:
        tag: the tag in the target repository.
        digest: `sha256:...`, read back from the target by its tag.
        uri: `repository_url@digest`, the name to deploy by.
        pull_command: a shell command that pulls exactly this image.
        promoted_from: image URI of where it was taken from: the source, or the target that had it already.
        gate: what was gated, when and by which rule, as `ecr.scan.record` describes it.
        source_arn: the ARN of the repository that it is promoted from.
    """

    tag: pulumi.Output[str]
    digest: pulumi.Output[str]
    uri: pulumi.Output[str]
    pull_command: pulumi.Output[str]
    promoted_from: pulumi.Output[str]
    gate: pulumi.Output[Mapping[str, object]]
    source_arn: pulumi.Output[str]

    def __init__(self, name: str, args: PromotedImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            "container-registry:index:PromotedImage", name, {"sourceStack": args.promotion.source_stack}, opts
        )
        promoted = _Promotion(
            PromotionProvider(), f"{name}-promotion", _properties(args), pulumi.ResourceOptions(parent=self)
        )
        self.tag = promoted.tag
        self.digest = promoted.digest
        self.uri = pulumi.Output.format("{0}@{1}", args.repository_url, self.digest)
        self.pull_command = pulumi.Output.format("docker pull {0}", self.uri)
        origin = pulumi.Output.all(promoted.origin, args.source.repository_url, args.repository_url).apply(_origin_url)
        self.promoted_from = pulumi.Output.format("{0}@{1}", origin, self.digest)
        self.gate = promoted.gated.apply(json.loads)
        self.source_arn = pulumi.Output.from_input(args.source.repository_arn)
        self.register_outputs(
            {
                "tag": self.tag,
                "digest": self.digest,
                "uri": self.uri,
                "pullCommand": self.pull_command,
                "promotedFrom": self.promoted_from,
                "gate": self.gate,
            }
        )


def _origin_url(known: Sequence[str]) -> str:
    origin, source, target = known
    return target if origin == Origin.TARGET.value else source


def _properties(args: PromotedImageArgs) -> dict[str, pulumi.Input[object]]:
    """The inputs of the dynamic resource; those that are None at the end are found out by its provider."""
    return {
        "sourceStack": args.promotion.source_stack,
        "sourceArn": args.source.repository_arn,
        "sourceUrl": args.source.repository_url,
        "sourceDigest": args.source.digest,
        "sourceTag": args.source.tag,
        "pinnedDigest": args.promotion.digest,
        "pinnedTag": args.promotion.tag,
        "gate": json.dumps(gate_config.as_config(args.promotion.gate), sort_keys=True),
        "targetRepository": args.repository_name,
        "targetRegion": args.region,
        "targetUrl": args.repository_url,
        "tagMutability": args.tag_mutability.mutability.value,
        "mutabilityExclusions": list(args.tag_mutability.exclusions),
        "profile": args.profile,
        "tag": None,
        "digest": None,
        "origin": None,
        "drift": None,
        "gated": None,
    }


def _output(stack: pulumi.StackReference, key: str, name: str) -> pulumi.Output[str]:
    def require(value: object) -> str:
        if not isinstance(value, str):
            raise pulumi.RunError(
                f"container-registry:promote.from: stack {name} has no output {key}: it has published no image; "
                f"run: pulumi up -s {name}"
            )
        return value

    return stack.get_output(key).apply(require)
