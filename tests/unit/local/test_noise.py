"""What is shown of the engine's and the daemon's output: each thing once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import pytest

from local.plugins.docker_image import DockerClient, Entry, build_image, push_image
from local.plugins.errors import StandInError
from local.stack import _Run

DIGEST = f"v1: digest: sha256:{'0' * 64} size: 527"


class Daemon:
    def __init__(self, log: Iterable[Entry]) -> None:
        self.log = log

    def build(self, **_: object) -> Iterable[Entry]:
        return self.log

    def push(self, *_: object, **__: object) -> Iterable[Entry]:
        return self.log


def client(*lines: Mapping[str, object]) -> DockerClient:
    return cast("DockerClient", Daemon(lines))


def stream(*texts: str) -> list[Entry]:
    return [{"stream": f"{text}\n"} for text in texts]


@pytest.fixture
def context(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return {"context": str(tmp_path), "dockerfile": str(tmp_path / "Dockerfile")}


STEPS = (
    "Step 1/2 : FROM nginx",
    " ---> 54ce125a4e8f",
    "Step 2/2 : RUN make",
    " ---> Running in 1",
    "cc main.c",
    "Removing intermediate container 1",
)


def test_of_a_build_the_steps_are_told(context: dict[str, str]) -> None:
    told: list[str] = []
    build_image(client(*stream(*STEPS, "Successfully tagged x:v1")), "x:v1", {**context}, told.append)
    assert told == ["Step 1/2 : FROM nginx", "Step 2/2 : RUN make"]


def test_of_a_failed_build_the_last_steps_output_is_told_too(context: dict[str, str]) -> None:
    told: list[str] = []
    log = [*stream(*STEPS[:5]), {"error": "make returned a non-zero code: 2"}]
    with pytest.raises(StandInError, match="failed at Step 2/2 : RUN make: make returned a non-zero code: 2"):
        build_image(client(*log), "x:v1", {**context}, told.append)
    assert told == ["Step 1/2 : FROM nginx", "Step 2/2 : RUN make", "cc main.c"]


def test_of_a_push_the_digest_is_told() -> None:
    told: list[str] = []
    layers = [{"id": "a", "status": status} for status in ("Preparing", "Waiting", "Pushing", "Layer already exists")]
    push_image(
        client({"status": "The push refers to repository [x]"}, *layers, {"status": DIGEST}), "x", {}, told.append
    )
    assert told == [DIGEST]


def shown(*lines: str) -> list[str]:
    seen: list[str] = []
    run = _Run(seen.append)
    for line in lines:
        run.output(line)
    assert run.lines == list(lines), "all of it is kept for tests and messages"
    return seen


def test_an_error_behind_a_line_of_progress_is_left_to_the_diagnostics() -> None:
    progress = " ++ aws:ecr:Repository repository-repo **creating failed** [diff: ~name]"
    assert shown(
        f"{progress}; error: exists already", f"{progress};\x1b[31m error: x", "    error: exists already"
    ) == [
        progress,
        progress,
        "    error: exists already",
    ]


def test_advice_for_the_engines_own_command_line_is_not_shown() -> None:
    assert shown(
        "Duration: 1s",
        "The resources in the stack have been deleted, but the history and configuration are still maintained.",
        "If you want to remove the stack completely, run `pulumi stack rm staging`.",
    ) == ["Duration: 1s"]
