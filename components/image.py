"""`BuiltImage`: an image built by Docker and pushed to a repository, known by its digest."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC

import pulumi
import pulumi_aws as aws

from ecr import build as builds
from ecr.errors import EcrError
from ecr.publication import Action, PublicationPlan, PublishedImage
from ecr.reference import RepositoryUrl

_CHANGED = "It was changed meanwhile; run the command again"
_ADVICE = {
    Action.PUSH: _CHANGED,
    Action.ADOPT: _CHANGED,
    Action.FOLLOW_STATE: (
        f"Its image has no label {builds.CONTENT_LABEL}, so it can't be put right by itself: "
        "add the label to the Dockerfile (README, Configuration), choose a new build.tag, or delete this tag"
    ),
}

_PUSHED = re.compile(r"[^@\s]+@(?P<digest>sha256:[0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True)
class BuiltImageArgs:
    """What is built, and where it goes.

    Attributes:
        repository_url: `HOST/NAME` of the repository, as `ImageRepository.url` gives it.
        plan: what is built and what has to be done about it, from `ecr.publication.plan`.
        find_image: asks the repository what it holds under a tag; used once when all is done, to prove it.
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
        if args.plan.action is not Action.ADOPT:
            pulumi.log.info(args.plan.reason, resource=self)
        # A tenth of a second to load, which stacks that build nothing do without.
        import pulumi_docker as docker  # noqa: PLC0415

        url = pulumi.Output.from_input(args.repository_url)
        token = aws.ecr.get_authorization_token_output(opts=pulumi.InvokeOutputOptions(parent=self))
        image = docker.Image(
            # Named by what it publishes: docker.Image pushes on any update, and an image that the repository holds
            # already must not be pushed again. So another image is another resource, never an update.
            f"{name}-build-{args.plan.identity}",
            image_name=pulumi.Output.format("{0}:{1}", url, args.plan.tag),
            build=docker.DockerBuildArgs(
                context=args.plan.build.context,
                dockerfile=args.plan.build.dockerfile,
                platform=args.plan.build.platform,
                args=_build_arguments(args.plan),
            ),
            registry=docker.RegistryArgs(
                server=url.apply(lambda text: RepositoryUrl.parse(text).host),
                username=token.user_name,
                password=pulumi.Output.secret(token.password),
            ),
            skip_push=args.plan.action is Action.ADOPT,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=_ignored(args.plan.action),
                retain_on_delete=True,  # what was published stays in the repository
            ),
        )
        self.tag = pulumi.Output.from_input(args.plan.tag)
        self.digest = _digest(args, url, image.repo_digest)
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


def _digest(args: BuiltImageArgs, url: pulumi.Output[str], repo_digest: pulumi.Output[str]) -> pulumi.Output[str]:
    published = args.plan.published
    if args.plan.action is not Action.ADOPT or published is None:
        return pulumi.Output.all(url, repo_digest).apply(
            lambda known: _confirmed(args, known[0], _pushed(args, known[1]))
        )
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(published.digest)
    # Asked again once the repository is as it should be: it may have been replaced on the way.
    return url.apply(lambda known: _confirmed(args, known, published.digest))


def _pushed(args: BuiltImageArgs, reported: str | None) -> str:
    """The digest in what Docker reports of a push. Anything else fails closed."""
    match = _PUSHED.fullmatch(reported or "")
    if match is None:
        raise pulumi.RunError(
            f"image tag {args.plan.tag}: Docker reports {reported!r} as what it pushed, not NAME@sha256:...; nothing "
            "is deployed from that. Check the Docker daemon, then run the command again."
        )
    return match["digest"]


def _confirmed(args: BuiltImageArgs, url: str, digest: str) -> str:
    """The digest, once the repository says that it holds just this under the tag. Anything else fails closed."""
    try:
        held = args.find_image(args.plan.tag)
    except EcrError as error:
        raise pulumi.RunError(str(error)) from error
    if held is None or held.digest != digest:
        raise pulumi.RunError(
            f"image tag {args.plan.tag}: {url} should hold {digest}, but holds "
            f"{held.digest if held else 'no such tag'}. {_ADVICE[args.plan.action]}."
        )
    return digest
