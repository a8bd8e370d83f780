"""Pulumi components: thin, typed, without configuration or providers of their own, fit to be used from any program.

Each is loaded when it is first asked for: most stacks use few of them, and every `pulumi up` waits for the imports.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.access import grant_promote, grant_pull, grant_push
    from components.code_build import CodeBuildRole, CodeBuildRoleArgs
    from components.eks import EksPullAccess, EksPullAccessArgs
    from components.github import GitHubActionsRole, GitHubActionsRoleArgs
    from components.image import BuiltImage, BuiltImageArgs
    from components.network import EcrEndpoints, EcrEndpointsArgs
    from components.notifications import Notifications, NotificationsArgs
    from components.pipeline import Pipeline, PipelineArgs
    from components.promotion import PromotedImage, PromotedImageArgs, PromotionSource
    from components.pull_through import UpstreamCredentials
    from components.registry import RegistrySettings, RegistrySettingsArgs
    from components.repository import ImageRepository, ImageRepositoryArgs

__all__ = [
    "BuiltImage",
    "BuiltImageArgs",
    "CodeBuildRole",
    "CodeBuildRoleArgs",
    "EcrEndpoints",
    "EcrEndpointsArgs",
    "EksPullAccess",
    "EksPullAccessArgs",
    "GitHubActionsRole",
    "GitHubActionsRoleArgs",
    "ImageRepository",
    "ImageRepositoryArgs",
    "Notifications",
    "NotificationsArgs",
    "Pipeline",
    "PipelineArgs",
    "PromotedImage",
    "PromotedImageArgs",
    "PromotionSource",
    "RegistrySettings",
    "RegistrySettingsArgs",
    "UpstreamCredentials",
    "grant_promote",
    "grant_pull",
    "grant_push",
]

_HOMES = {
    "grant_promote": "access",
    "grant_pull": "access",
    "grant_push": "access",
    "CodeBuildRole": "code_build",
    "CodeBuildRoleArgs": "code_build",
    "EksPullAccess": "eks",
    "EksPullAccessArgs": "eks",
    "GitHubActionsRole": "github",
    "GitHubActionsRoleArgs": "github",
    "BuiltImage": "image",
    "BuiltImageArgs": "image",
    "EcrEndpoints": "network",
    "EcrEndpointsArgs": "network",
    "Notifications": "notifications",
    "NotificationsArgs": "notifications",
    "Pipeline": "pipeline",
    "PipelineArgs": "pipeline",
    "PromotedImage": "promotion",
    "PromotedImageArgs": "promotion",
    "PromotionSource": "promotion",
    "UpstreamCredentials": "pull_through",
    "RegistrySettings": "registry",
    "RegistrySettingsArgs": "registry",
    "ImageRepository": "repository",
    "ImageRepositoryArgs": "repository",
}

if not TYPE_CHECKING:  # a type checker would take this for leave to name anything

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
