"""A repository and the stack that deploys it, as commands find them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository
    from ecr.status import Published


class Target(Protocol):
    """What `ecr.cli.targets.Target` has, for what is no command."""

    @property
    def repository(self) -> EcrRepository:
        """The live repository; it need not exist."""

    @property
    def published(self) -> Published | None:
        """What the stack says; None for a repository without a stack."""
