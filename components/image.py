"""`BuiltImage`: an image built by Docker and pushed to a repository, known by its digest."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC

import pulumi
import pulumi_aws as aws

from ecr import build as builds
from ecr.publication import Action, PublicationPlan, PublishedImage
from ecr.reference import RepositoryUrl

_PUSHED = re.compile(r"(?P<name>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True)
class BuiltImageArgs:
    """What is built, and where it goes.

    Attributes:
        repository_url: `HOST/NAME` of the repository, as `ImageRepository.url` gives it.
        plan: what is built and what has to be done about it, from `ecr.publication.plan`.
        find_image: asks the repository what it holds under a tag; used once after a push, to prove it.
    """

    repository_url: pulumi.Input[str]
    plan: PublicationPlan
    find_image: Callable[[str], PublishedImage | None]


class BuiltImage(pulumi.ComponentResource):
    """An image built by Docker and pushed as `repository_url:tag`, unless the repository holds this very content.

    Attributes:
        tag: the tag.
        digest: `sha256:...` of what the repository holds under the tag.
        uri: `repository_url@digest`, the name to deploy by.
        pull_command: a shell command that pulls exactly this image.

    Raises:
        pulumi.RunError: when what Docker reports of the push is not a digest, or the repository holds another one.
    """

    tag: pulumi.Output[str]
    digest: pulumi.Output[str]
    uri: pulumi.Output[str]
    pull_command: pulumi.Output[str]

    def __init__(self, name: str, args: BuiltImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("container-registry:index:BuiltImage", name, {"tag": args.plan.tag}, opts)
        # A tenth of a second to load, which stacks that build nothing do without.
        import pulumi_docker as docker  # noqa: PLC0415

        url = pulumi.Output.from_input(args.repository_url)
        token = aws.ecr.get_authorization_token_output(opts=pulumi.InvokeOutputOptions(parent=self))
        image = docker.Image(
            f"{name}-build",
            image_name=pulumi.Output.format("{0}:{1}", url, args.plan.tag),
            build=docker.DockerBuildArgs(
                context=args.plan.build.context,
                dockerfile=args.plan.build.dockerfile,
                platform=args.plan.build.platform,
                args=_build_arguments(args.plan),
            ),
            registry=docker.RegistryArgs(
                server=url.apply(lambda text: RepositoryUrl.parse(text).host),
                username=pulumi.Output.secret(token.user_name),
                password=pulumi.Output.secret(token.password),
            ),
            skip_push=args.plan.action is Action.ADOPT,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=_ignored(args.plan.action)),
        )
        self.tag = pulumi.Output.from_input(args.plan.tag)
        self.digest = _digest(args, image.repo_digest)
        self.uri = pulumi.Output.format("{0}@{1}", url, self.digest)
        self.pull_command = pulumi.Output.format("docker pull {0}", self.uri)
        self.register_outputs(
            {"tag": self.tag, "digest": self.digest, "uri": self.uri, "pullCommand": self.pull_command}
        )


def _build_arguments(plan: PublicationPlan) -> dict[str, str]:
    arguments = {
        **plan.build.args,
        builds.VERSION_ARGUMENT: plan.tag,
        builds.CONTENT_ARGUMENT: plan.content_digest,
    }
    if plan.action is Action.PUSH:
        # docker.Image pushes when an input changes and at no other time. A push is due, perhaps of inputs that the
        # state knows already (somebody deleted the image), so one input has to be new.
        arguments[builds.PUSHED_AT_ARGUMENT] = plan.made_at.astimezone(UTC).isoformat(timespec="seconds")
    return arguments


def _ignored(action: Action) -> list[str] | None:
    """Inputs to keep as the state has them: without a push to make, nothing about pushing may count as a change."""
    if action is Action.PUSH:
        return None
    return ["skipPush", f"build.args.{builds.PUSHED_AT_ARGUMENT}"]


def _digest(args: BuiltImageArgs, repo_digest: pulumi.Output[str]) -> pulumi.Output[str]:
    published = args.plan.published
    if args.plan.action is Action.ADOPT and published is not None:
        return pulumi.Output.from_input(published.digest)
    return repo_digest.apply(lambda pushed: _proven_digest(args, pushed))


def _proven_digest(args: BuiltImageArgs, pushed: str | None) -> str:
    """The digest that Docker reports of a push, once the repository confirms it. Anything else fails closed."""
    tag = args.plan.tag
    match = _PUSHED.fullmatch(pushed or "")
    if match is None:
        raise pulumi.RunError(
            f"image tag {tag}: Docker reports {pushed!r} as what it pushed, not NAME@sha256:...; nothing is deployed "
            "from that. Check the Docker daemon, then run the command again."
        )
    held = args.find_image(tag)
    if held is None or held.digest != match["digest"]:
        raise pulumi.RunError(
            f"image tag {tag}: Docker reports {match['digest']}, but the repository holds "
            f"{held.digest if held else 'no such tag'}. Somebody else changed the tag; run the command again."
        )
    return held.digest
