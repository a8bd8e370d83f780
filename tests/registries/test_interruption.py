"""A copy that is killed at any step leaves no wrong tag behind, and the next one only moves what is missing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tests.registries import images
from tests.registries.copying import copied, location
from tests.registries.images import Content
from tests.registries.proxy import Proxy, Script, Seen, proxied
from tests.registries.repositories import TAG, Repository
from tests.registries.servers import Server

Fresh = Callable[..., Repository]
ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 60


def command(source: Repository, here: Proxy, digest: str, target: Repository, there: Proxy) -> list[str]:
    arguments = [here.base_url, source.name, digest, there.base_url, target.name, TAG]
    return [sys.executable, "-m", "tests.registries.copier", *arguments]


def killed_at(step: int, source: Repository, content: Content, target: Repository, *, done: bool) -> tuple[int, int]:
    """Kill a copy with SIGKILL at its request number `step`, before or after the registry has done what it asks for.

    Returns its exit code, and how many requests there were.
    """
    started: list[subprocess.Popen[bytes]] = []
    running = threading.Event()

    def kill(seen: Seen) -> None:
        if seen.position == step:
            assert running.wait(DEADLINE_S)
            started[0].send_signal(signal.SIGKILL)
            started[0].wait(DEADLINE_S)

    script = Script(afterwards=kill) if done else Script(decide=kill)
    with (
        proxied(source.server.port, script) as here,
        proxied(target.server.port, script) as there,
        subprocess.Popen(
            command(source, here, content.digest, target, there), cwd=ROOT, stdout=subprocess.DEVNULL
        ) as process,
    ):
        started.append(process)
        running.set()
        code = process.wait(DEADLINE_S)
    return code, len(script.seen)


def test_a_copy_may_be_killed_at_every_step(distribution: Server, other_distribution: Server, fresh: Fresh) -> None:
    source = fresh(distribution)
    index = images.of_children([images.image("killed", (1000,))])
    signature = images.referrer(index, images.SIGNATURE, b"signature")
    content = source.push(replace(index, referrers=(signature,)))
    whole, requests = killed_at(-1, source, content, fresh(other_distribution), done=True)
    assert whole == 0

    def one(step: int, *, done: bool) -> list[str]:
        target = fresh(other_distribution)
        code, _ = killed_at(step, source, content, target, done=done)
        if code != -signal.SIGKILL:  # the order of requests differs a little from run to run
            return [] if code == 0 and step >= requests - 2 else [f"{step}: ended with {code}"]
        return [f"{step}, {done=}: {problem}" for problem in after_the_kill(source, content, target)]

    # To the registries, dying after a request has been done is dying before the next one; only the last has no next.
    with ThreadPoolExecutor(3) as pool:
        cases = [pool.submit(one, step, done=False) for step in range(requests)]
        cases += [pool.submit(one, step, done=True) for step in range(requests - 2, requests)]
        problems = [problem for case in cases for problem in case.result()]
    assert problems == []
    assert len(cases) >= 20


def after_the_kill(source: Repository, content: Content, target: Repository) -> list[str]:
    tagged = target.digest()
    if tagged is not None:
        return target.differences(content)
    blobs = content.all_blobs()
    there = {digest for digest in blobs if target.plain.blob(target.name, digest) is not None}
    result = copied(location(source), content.digest, location(target))
    missing = sum(len(blob.data) for digest, blob in blobs.items() if digest not in there)
    problems = target.differences(content)
    if result.bytes_moved != missing:
        problems.append(f"{result.bytes_moved} bytes moved, {missing} were missing")
    return problems


def test_the_killed_program_prints_what_it_did(distribution: Server, other_distribution: Server, fresh: Fresh) -> None:
    """The program that the test above kills does copy when it is left alone."""
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.image("left alone"))
    script = Script()
    with proxied(source.server.port, script) as here, proxied(target.server.port, script) as there:
        done = subprocess.run(
            command(source, here, content.digest, target, there),
            cwd=ROOT, check=True, capture_output=True, timeout=DEADLINE_S,
        )  # fmt: skip
    assert json.loads(done.stdout)["digest"] == content.digest
    assert target.differences(content) == []
