"""What ECR holds of that which a stack says it has published."""

from __future__ import annotations

from ecr.aws.repository import EcrRepository
from ecr.status import Live, Published


def look(said: Published, *, profile: str | None = None) -> Live | None:
    """Ask ECR; None for a stack without a repository.

    Args:
        said: the stack's outputs.
        profile: the AWS profile; None for the environment's.

    Raises:
        RemoteError: when AWS refuses or can't be reached.
    """
    arn = said.repository
    if arn is None:
        return None
    return ask(EcrRepository(arn.name, region=arn.region, account=arn.account, profile=profile), said)


def ask(repository: EcrRepository, said: Published) -> Live:
    """Ask ECR of the repository and the image that a stack says it has.

    Raises:
        RemoteError: as `look`.
    """
    tag_digest = repository.find_digest(said.tag) if said.tag else None
    image = repository.describe_image(said.digest) if said.digest else None
    return Live(
        # ECR says the same of an image that is not there, and of one whose repository is not there.
        repository=image is not None or tag_digest is not None or repository.tag_mutability() is not None,
        tag_digest=tag_digest,
        image=image is not None,
        pushed_at=image.pushed_at if image else None,
    )
