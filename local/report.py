"""What the commands print on stdout."""

# ruff: noqa: PLC0415 - loaded where needed: boto3 takes a third of a second

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from local.cloud import Status
from local.invocation import invocation, python
from local.layout import Layout


def as_json(value: object) -> str:
    """Plain JSON with sorted keys."""
    return json.dumps(value, indent=2, sort_keys=True, default=str)


def aligned(values: Mapping[str, object]) -> list[str]:
    """`key  value` lines with the values in one column."""
    width = max((len(key) for key in values), default=0)
    return [
        f"{key:<{width}}  {value if isinstance(value, str) else json.dumps(value)}" for key, value in values.items()
    ]


def next_steps(layout: Layout, outputs: Mapping[str, object], *, region: str) -> list[str]:
    """Three commands to try, fit to be pasted; `region` is the stack's."""
    environment = f'eval "$({invocation(layout, ["env"])})"'
    image = outputs.get("image_uri")
    repository = outputs.get("repository_name")
    if isinstance(image, str):
        page = "sh -c 'nginx && wget -qO- http://127.0.0.1/'"
        tries = [
            (f"{environment} && docker pull {image}", "the image, by its digest"),
            (f"docker run --rm --network none {image} {page}", "the page that it serves"),
        ]
    else:
        tries = [
            (environment, "this shell uses the local cloud"),
            (
                f"aws ecr describe-repositories --region {region} --repository-names {repository}",
                "the repository, as AWS has it",
            ),
        ]
    tries.append((f"{environment} && {python()} -m ecr status", "what is where, and what has drifted"))
    return ["what to try next:", *(f"  {command}    # {why}" for command, why in tries)]


def board(outputs: Mapping[str, Mapping[str, object]]) -> list[str]:
    """What is where, after several stacks were deployed: stack by stack, next to what the registry holds.

    Args:
        outputs: stack -> its outputs. AWS is asked as the process's environment says.
    """
    from ecr import status
    from ecr.aws import live

    said = [status.published(name, values) for name, values in outputs.items()]
    now = datetime.now(UTC)
    rows = status.in_promotion_order([status.row(one, live.look(one), now) for one in said])
    return status.table(rows)


def status_lines(status: Status) -> list[str]:
    """The state of the local cloud for a reader."""
    docker = "none answers"
    if status.docker:
        docker = f"{status.docker.host} ({'private' if status.docker.private else 'the running daemon'})"
    base = "not there"
    if status.base_image:
        made = status.base_image.stand_in
        base = f"{status.base_image.image_id[:19]}" + (f", a stand-in made from {made}" if made else "")
    engine = f"{status.engine.version}, {status.engine.origin}" if status.engine else "not there yet"
    emulator = f"{status.endpoint} (pid {status.emulator_pid})" if status.endpoint else "does not run"
    return aligned(
        {
            "AWS emulator": emulator,
            "Docker": docker,
            "nginx:alpine": base,
            "Pulumi engine": engine,
            "plugins": ", ".join(str(provider) for provider in status.providers),
            "stacks": ", ".join(status.stacks) or "none",
        }
    )


def status_json(status: Status) -> dict[str, object]:
    """The same, for programs."""
    return asdict(status)
