"""Stack configuration -> one frozen `Settings`. Every mistake in a stack file is caught here and named by its key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pulumi
from pulumi.runtime import config as runtime_config

from ecr import (
    access_config,
    code_build_config,
    config_reader,
    eks_config,
    endpoints_config,
    gate_config,
    github_config,
    lifecycle_config,
    notifications_config,
    pipeline_config,
    reference,
    regions,
    registry_config,
    repository_config,
    stack_file,
)
from ecr import build as builds
from ecr.access.principals import Access
from ecr.build import ImageBuild
from ecr.code_build_config import CodeBuildConfig
from ecr.config_reader import Section
from ecr.eks_config import EksConfig
from ecr.endpoints import Endpoints
from ecr.errors import InputError, InputErrors
from ecr.github_config import GitHubConfig
from ecr.lifecycle_config import LifecycleConfig, LifecycleGuard
from ecr.notifications_config import NotificationsConfig
from ecr.pipeline_config import PipelineConfig
from ecr.promotion import Promotion
from ecr.registry.settings import RegistryConfig
from ecr.repository import Encryption, Mutability, TagMutability

NAMESPACE = "container-registry"
_NAMESPACES = (NAMESPACE, "aws", "docker", "pulumi")

# boto3 takes its credentials from the environment and the profile; these reach the Pulumi provider alone.
_PROVIDER_ONLY = frozenset(
    {"aws:accessKey", "aws:secretKey", "aws:token", "aws:assumeRoles", "aws:assumeRole",
     "aws:assumeRoleWithWebIdentity", "aws:endpoints", "aws:sharedCredentialsFiles", "aws:sharedConfigFiles"}
)  # fmt: skip
_PROVIDER_ONLY_PROBLEM = (
    "can't be used by a stack that {}, because only Pulumi's provider would see it; "
    "use aws:profile, or credentials in the environment"
)
_ENCRYPTED = "is encrypted, but ends up where everybody can read it; take the secret out and store it plainly"

# At the beginning of a line, quoted or not.
_OUTSIDE = re.compile(rf"^[\"']?({NAMESPACE}:[A-Za-z]\w*)[\"']?:", re.MULTILINE)

# Pulumi documentation, "Stacks": letters, digits, '-', '_' and '.'; the project and the organization may stand before.
_STACK = re.compile(r"(?:[\w.-]{1,100}/){0,2}[\w.-]{1,100}", re.ASCII)
_STACK_RULE = "the name of a stack, such as dev, or with its project and organization, such as acme/shop/dev"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that a stack file says. The keys are described in README.md, "Configuration"."""

    repository: str
    tag_mutability: TagMutability
    scan_on_push: bool
    encryption: Encryption
    lifecycle: LifecycleConfig
    lifecycle_guard: LifecycleGuard
    force_delete: bool
    protect: bool
    tags: Mapping[str, str]
    build: ImageBuild | None
    promote: Promotion | None
    access: Access | None = None
    github: GitHubConfig | None = None
    eks: EksConfig | None = None
    code_build: CodeBuildConfig | None = None
    endpoints: Endpoints | None = None
    registry: RegistryConfig | None = None
    notifications: NotificationsConfig | None = None
    pipeline: PipelineConfig | None = None
    region: str | None
    profile: str | None
    unseen: str | None = None
    """Why the live repository can't be looked at by the lifecycle guard; None when it can, or need not."""


def load(root: Path) -> Settings:
    """Read the configuration of the stack that is being deployed.

    Args:
        root: the project's folder, which paths in the configuration are relative to.

    Raises:
        InputErrors: with a line for each mistake.
    """
    # pulumi.Config hands out values by name only; finding misspelt keys needs the whole map.
    values = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    prefix = f"{NAMESPACE}:"
    own = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
    _check_namespaces(values)
    _check_places(root, pulumi.get_stack())
    secrets = frozenset(key for key in own if runtime_config.is_config_secret(prefix + key))
    aws = pulumi.Config("aws")
    region = aws.get("region")
    _check_region(region)
    settings = parse(
        own, root, secret_keys=secrets, region=region, profile=aws.get("profile"), stack=pulumi.get_stack()
    )
    return _with_credentials(settings, _PROVIDER_ONLY & set(values))


def _check_places(root: Path, stack: str) -> None:
    """Refuse keys that stand beside `config:` instead of below it, where Pulumi passes over them in silence."""
    try:
        path = stack_file.path(root, stack)
        text = path.read_text()
    except (InputError, OSError, UnicodeDecodeError):
        return  # it is Pulumi that has read it, maybe from somewhere else
    misplaced = set(_OUTSIDE.findall(text))
    _refuse(misplaced, f"stands outside config: in {path.name}, where nothing reads it; indent it below config:")


def _check_region(region: str | None) -> None:
    if region is not None and not regions.is_region(region):
        problem = f"{config_reader.shown(region)} is not accepted; accepted: {regions.REGION_RULE}"
        _refuse(["aws:region"], problem)


def _with_credentials(settings: Settings, provider_only: frozenset[str]) -> Settings:
    """Refuse settings that lead the provider to another account than the one that is asked for images.

    A guard that only warns says what it can't see instead.
    """
    if not provider_only:
        return settings
    if settings.build is not None or settings.promote is not None:
        _refuse(provider_only, _PROVIDER_ONLY_PROBLEM.format("builds or promotes"))
    if settings.lifecycle.policy is None or settings.lifecycle_guard is LifecycleGuard.OFF:
        return settings
    if settings.lifecycle_guard is LifecycleGuard.ENFORCE:
        _refuse(provider_only, _PROVIDER_ONLY_PROBLEM.format("has lifecycleGuard: enforce"))
    keys = ", ".join(sorted(provider_only))
    return replace(
        settings, unseen=f"only Pulumi's provider sees {keys}; the lifecycle guard reads the repository itself"
    )


def _check_namespaces(keys: Iterable[str]) -> None:
    """Refuse a namespace that nothing reads: most likely a misspelt one, which would be ignored in silence."""
    unknown = [key for key in keys if key.partition(":")[0] not in _NAMESPACES]
    _refuse(unknown, f"is in a namespace that nothing here reads; known: {', '.join(_NAMESPACES)}")


def _refuse(keys: Iterable[str], problem: str) -> None:
    """Raise with a line for each of the keys; none is no mistake."""
    if errors := tuple(InputError(key, problem) for key in sorted(keys)):
        raise InputErrors(errors)


def parse(
    values: Mapping[str, object],
    root: Path,
    *,
    secret_keys: frozenset[str] = frozenset(),
    region: str | None = None,
    profile: str | None = None,
    stack: str | None = None,
) -> Settings:
    """Turn the keys of one stack, without their namespace, into `Settings`.

    Args:
        values: key -> value, as Pulumi's text (JSON for objects and lists) or already parsed.
        root: the project's folder.
        region: the AWS Region of the stack, None for the environment's.
        profile: the AWS profile of the stack, None for the environment's.
        stack: the stack's own name, None when it is not known.
        secret_keys: keys whose values are encrypted in the stack file.

    Raises:
        InputErrors: with a line for each mistake.
    """
    # Not even read: what a message would show may be the secret.
    _refuse((f"{NAMESPACE}:{key}" for key in secret_keys), _ENCRYPTED)
    top = config_reader.open_section(NAMESPACE, values)
    settings = Settings(
        repository=top.required_text(
            "repository", reference.is_repository_name, reference.REPOSITORY_NAME_RULE, example="dev/yoon-app"
        ),
        tag_mutability=repository_config.read_tag_mutability(top, default=Mutability.IMMUTABLE),
        scan_on_push=top.flag("scanOnPush", default=True),
        encryption=repository_config.read_encryption(top),
        lifecycle=lifecycle_config.read_rules(top),
        lifecycle_guard=lifecycle_config.read_guard(top),
        force_delete=top.flag("forceDelete", default=False),
        protect=top.flag("protect", default=False),
        tags=repository_config.read_tags(top),
        build=_build(top, root),
        promote=_promote(top, stack),
        access=access_config.read_access(top, region=region),
        github=github_config.read_github(top, region=region),
        eks=eks_config.read_eks(top, region=region),
        code_build=code_build_config.read_code_build(top, region=region),
        endpoints=endpoints_config.read_endpoints(top),
        registry=registry_config.read_registry(top, region=region),
        notifications=notifications_config.read_notifications(top, region=region),
        pipeline=pipeline_config.read_pipeline(top, region=region),
        region=region,
        profile=profile,
    )
    if settings.build is not None and settings.promote is not None:
        top.wrong("promote", "is set and so is build; a stack builds its image or promotes another stack's, not both")
    for key, role in (("github", settings.github), ("codeBuild", settings.code_build)):
        if role is not None and role.enhanced_scanning and settings.promote is None:
            top.wrong(f"{key}.enhancedScanning", "is true, and acts in a stack that promotes only; take it out")
    if settings.protect and settings.force_delete:
        top.wrong("forceDelete", "is true and so is protect; a protected repository can't be deleted with its images")
    top.finish()
    return settings


def _build(top: Section, root: Path) -> ImageBuild | None:
    section = top.section("build")
    if section is None:
        return None
    context = section.required_text("context", bool, "a folder, relative to Pulumi.yaml", example="images/nginx")
    dockerfile = section.text("dockerfile", bool, "a file, relative to Pulumi.yaml")
    if dockerfile is None and not section.has("dockerfile"):
        dockerfile = f"{context}/Dockerfile"
    tag = section.text("tag", builds.is_tag_template, f"{reference.TAG_RULE}; {{content}} stands for 12 hex digits")
    platform = section.text("platform", builds.is_platform, builds.PLATFORM_RULE)
    args = section.text_map(
        "args", builds.is_argument_name, "names of letters, digits and '_', values of text in quotes"
    )
    for name in sorted(builds.RESERVED_ARGUMENTS & set(args)):
        section.wrong(f"args.{name}", "is set by the program itself; choose another name")
    section.finish()
    _check_paths(section, root, context, dockerfile)
    return ImageBuild(
        context=context,
        dockerfile=dockerfile or "",
        tag=tag or builds.CONTENT_PLACEHOLDER,
        platform=platform or builds.DEFAULT_PLATFORM,
        args=args,
    )


def _promote(top: Section, stack: str | None) -> Promotion | None:
    section = top.section("promote")
    if section is None:
        return None
    source = section.required_text("from", _is_stack_name, _STACK_RULE, example="dev")
    if stack is not None and source == stack:
        section.wrong("from", f"is {config_reader.shown(source)}, this very stack; accepted: the stack to promote from")
    digest = section.text("digest", reference.is_digest, reference.DIGEST_RULE)
    tag = section.text("tag", reference.is_tag, reference.TAG_RULE)
    gate = gate_config.read_gate(section.section("gate"))
    section.finish()
    return Promotion(source_stack=source, digest=digest, tag=tag, gate=gate)


def _is_stack_name(text: str) -> bool:
    return _STACK.fullmatch(text) is not None


def _check_paths(section: Section, root: Path, context: str, dockerfile: str | None) -> None:
    """Note what is not there. An empty context and no dockerfile are mistakes that have been noted already."""
    if not context:
        return
    if not _holds((root / context).is_dir):
        section.wrong(
            "context", f"{config_reader.shown(context)} is no folder; accepted: a folder, relative to Pulumi.yaml"
        )
    elif dockerfile and not _holds((root / dockerfile).is_file):
        section.wrong(
            "dockerfile", f"{config_reader.shown(dockerfile)} is no file; accepted: a file, relative to Pulumi.yaml"
        )


def _holds(test: Callable[[], bool]) -> bool:
    """The answer of a test on the disk; no for what the system won't even look for, such as too long a name."""
    try:
        return test()
    except OSError:
        return False
