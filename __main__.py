"""The Pulumi program: settings -> components -> exports."""

from __future__ import annotations

from pathlib import Path

import pulumi

import lifecycle_guard
import settings
from ecr.errors import EcrError

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Deploy one stack. All that can be refused is refused before anything changes."""
    stack = settings.load(ROOT)
    with lifecycle_guard.watching(stack) as guard:
        # Loaded while the guard asks AWS about the images that are there.
        import capabilities  # noqa: PLC0415
        import deployment  # noqa: PLC0415
        import preflight  # noqa: PLC0415
        from components import ImageRepository, ImageRepositoryArgs  # noqa: PLC0415

        preflight.check(stack, ROOT)
        publication = deployment.plan_publication(stack, ROOT)
        guard.check(ROOT, publication)

    repository = ImageRepository(
        "repository",
        ImageRepositoryArgs(
            repository_name=stack.repository,
            tag_mutability=stack.tag_mutability,
            scan_on_push=stack.scan_on_push,
            encryption=stack.encryption,
            lifecycle=stack.lifecycle.policy,
            access=stack.access,
            force_delete=stack.force_delete,
            tags=stack.tags,
        ),
        pulumi.ResourceOptions(protect=stack.protect),
    )
    pulumi.export("repository_name", repository.name)
    pulumi.export("repository_arn", repository.arn)
    pulumi.export("repository_url", repository.url)
    pulumi.export("registry_host", repository.registry_host)
    pulumi.export("docker_login_command", repository.docker_login_command)

    image = deployment.image(stack, repository, publication)
    for output, value in (*deployment.outputs(image), *capabilities.add(stack, repository, image)):
        pulumi.export(output, value)


try:
    main()
except EcrError as error:
    raise pulumi.RunError(str(error)) from None
