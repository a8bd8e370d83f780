"""What the commands print on stdout."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from local.cloud import Status
from local.layout import DEFAULT_PORT, PORT_VARIABLE, STATE_VARIABLE, Layout


def as_json(value: object) -> str:
    """Plain JSON with sorted keys."""
    return json.dumps(value, indent=2, sort_keys=True, default=str)


def aligned(values: Mapping[str, object]) -> list[str]:
    """`key  value` lines with the values in one column."""
    width = max((len(key) for key in values), default=0)
    return [
        f"{key:<{width}}  {value if isinstance(value, str) else json.dumps(value)}" for key, value in values.items()
    ]


def invocation(layout: Layout, argv: list[str] | None = None) -> str:
    """`python -m local` as this very local cloud is reached from the current folder."""
    on_path = shutil.which("python")
    python = "python" if on_path and os.path.realpath(on_path) == os.path.realpath(sys.executable) else sys.executable
    if python != "python" and Path(python).is_relative_to(Path.cwd()):
        python = str(Path(python).relative_to(Path.cwd()))
    options = []
    if layout.state != layout.checkout / ".local" and str(layout.state) != os.environ.get(STATE_VARIABLE):
        options += ["--state", str(layout.state)]
    if str(layout.port) != os.environ.get(PORT_VARIABLE, str(DEFAULT_PORT)):
        options += ["--port", str(layout.port)]
    return shlex.join([python, "-m", "local", *options, *(argv or [])])


def next_steps(layout: Layout, stack: str, outputs: Mapping[str, object]) -> list[str]:
    """Three commands to try, fit to be pasted."""
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
            (f"aws ecr describe-repositories --repository-names {repository}", "the repository, as AWS has it"),
        ]
    tries.append((invocation(layout, ["destroy", stack]), "and all of it is gone again"))
    return ["what to try next:", *(f"  {command}    # {why}" for command, why in tries)]


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
