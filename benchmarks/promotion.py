"""Copies between and within registries, beside crane, skopeo and Docker; two CNCF distributions on loopback.

Every copy goes to a repository of its own, and every round copies an image of its own: nobody finds anything there,
nor remembers where else it might be.
"""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import urllib3

from benchmarks import images, tools
from benchmarks.counting import Counting
from benchmarks.figures import Figure, at_most, in_turns, ratio, timed
from benchmarks.images import MB, Shape
from benchmarks.tools import Commands, Image, Runner, Tool
from ecr.oci import copying
from ecr.oci.session import Session
from local.console import step
from local.layout import Layout
from tests.registries import servers
from tests.registries.images import Content
from tests.registries.plain_client import PlainClient
from tests.registries.servers import Server

LARGE, LAYERED = Shape(10, 20 * MB), Shape(100, MB // 10)
ONE_LAYER = Shape(1, 1000 * MB)
SMALL, AT_ONCE = Shape(3, MB // 10), 50
MEMORY_LIMIT_MB, MEMORY_ROUNDS = 80, 3
PUT_IMAGE_RATE, MANIFESTS = 10, 30  # ECR's quota on PutImage, a second


@dataclass(frozen=True)
class Pair:
    """Where from and where to."""

    name: str
    source: Server
    target: Server


class Bench:
    """Two registries, and what copies between them."""

    def __init__(self, first: Server, second: Server, commands: Commands, runner: Runner) -> None:
        self.within = Pair("within a registry", first, first)
        self.between = Pair("between registries", first, second)
        self.commands = commands
        self.runner = runner
        self.http = urllib3.PoolManager(retries=False, timeout=60)
        self._numbers = itertools.count()

    def pushed(self, server: Server, content: Content) -> Image:
        """The image in a repository that nobody uses."""
        image = self.fresh(server)
        PlainClient(server.base_url, self.http).push(image.repository, content, image.tag)
        return image

    def fresh(self, server: Server) -> Image:
        return Image(server, f"bench/r{next(self._numbers)}")

    def check(self, image: Image, content: Content) -> None:
        """Raise unless the tag names these very bytes: a fast copy of something else is no figure."""
        seen = PlainClient(image.server.base_url, self.http).digest(image.repository, image.tag)
        if seen != content.digest:
            raise AssertionError(f"{image} is {seen}, not {content.digest}")

    def clean(self) -> None:
        """Give the disk back."""
        for server in (self.between.source, self.between.target):
            if server.storage is not None:
                shutil.rmtree(server.storage / "docker", ignore_errors=True)


@contextmanager
def started(layout: Layout, runner: Runner) -> Iterator[Bench]:
    """The registries and the commands.

    Raises:
        Unavailable: something is not there and can't be installed.
    """
    commands = tools.commands(layout)
    with ExitStack() as stack:
        first, second = (stack.enter_context(_registry(layout, name)) for name in ("first", "second"))
        bench = Bench(first, second, commands, runner)
        stack.callback(bench.http.clear)
        yield bench


def _registry(layout: Layout, name: str) -> AbstractContextManager[Server]:
    folder = layout.state / name
    folder.mkdir()
    return servers.distribution(folder)


def figures(layout: Layout) -> list[Figure]:
    """All of them; `layout` is prepared, and its state directory is ours.

    Raises:
        Unavailable: crane, skopeo or the registries can't be had here.
    """
    runner = Runner.apart(layout.docker_config)
    layout.docker_config.mkdir(exist_ok=True)
    with started(layout, runner) as bench:
        found = [*at_rest(bench), *put_image_rate(bench), *at_once(bench)]
        for shape, pair in itertools.product((LARGE, LAYERED), (bench.within, bench.between)):
            found += side_by_side(bench, pair, shape)
            bench.clean()
        for shape in (LARGE, LAYERED, ONE_LAYER):
            found += memory(bench, shape)
            bench.clean()
        found += through_the_client(bench)
        with tools.docker(layout, runner) as docker:
            found += by_docker(bench, docker)
    return found


def side_by_side(bench: Bench, pair: Pair, shape: Shape) -> list[Figure]:
    """One image, copied by everybody in turns."""
    run, commands = bench.runner, bench.commands
    ours = Tool("ecr copy", lambda source, target: run(*commands.ours(source, target)))
    crane = Tool("crane", lambda source, target: run(*commands.crane(source, target)))
    skopeo = Tool("skopeo --all --preserve-digests", lambda source, target: run(*commands.skopeo(source, target)))
    library = Tool("copy() in a running program", tools.in_this_process)
    everybody = (ours, crane, library, skopeo)
    current: list[tuple[int, Image, Content]] = []

    def once(tool: Tool, number: int) -> float:
        if not current or current[0][0] != number:
            bench.clean()
            content = shape.image(f"{pair.name} {shape} {number}")
            current[:] = [(number, bench.pushed(pair.source, content), content)]
        _, source, content = current[0]
        target = bench.fresh(pair.target)
        taken = timed(lambda: tool.copy(source, target))
        bench.check(target, content)
        return taken

    with step(f"{pair.name}, {shape}"):
        taken = in_turns([partial(once, tool) for tool in everybody])
    limits = {ours: 1.0 if pair is bench.within else 1.1}
    return [
        ratio(f"{pair.name}, {shape}: {tool.name} : crane", times, taken[1], limits.get(tool))
        for tool, times in zip(everybody, taken, strict=True)
        if tool is not crane
    ]


def by_docker(bench: Bench, docker: Tool | str) -> list[Figure]:
    """What Docker takes for the same; once, as it packs every layer anew and that takes long."""
    if isinstance(docker, str):
        return [Figure("docker pull, tag, push", f"not measured: {docker}")]
    found = []
    for shape, pair in itertools.product((LARGE, LAYERED), (bench.within, bench.between)):
        source, target = bench.pushed(pair.source, shape.image(f"docker {pair.name}")), bench.fresh(pair.target)
        with step(f"{pair.name}, {shape}: {docker.name}"):
            taken = timed(partial(docker.copy, source, target))
        found.append(Figure(f"{pair.name}, {shape}: {docker.name}, once", f"{taken:.1f} s"))
        docker.forget(source, target)
    return found


def through_the_client(bench: Bench) -> list[Figure]:
    """The bytes of all bodies, manifests included, that a copy within a registry takes."""
    found = []
    for shape in (LARGE, LAYERED):
        content = shape.image(f"bytes {shape}")
        source, target = bench.pushed(bench.within.source, content), bench.fresh(bench.within.target)
        network = Counting()
        with Session(transport=network) as session:
            done = copying.copy(source.location(), source.tag, target.location(), target.tag, session=session)
        bench.check(target, content)
        share = 100 * network.body_bytes / content.blob_bytes
        what = f"within a registry, {shape}: bytes through the client, {done.bytes_moved} of them of blobs"
        found.append(at_most(what, share, 1, " %", digits=2))
    return found


def memory(bench: Bench, shape: Shape) -> list[Figure]:
    """The most that a process had resident, between registries."""
    source = bench.pushed(bench.between.source, shape.image(f"memory {shape}"))
    what = f"between registries, {shape}: peak memory of"

    def peak(command: tuple[str, ...]) -> float:
        return bench.runner.peak_bytes(*command) / MB

    ours = max(peak(bench.commands.ours(source, bench.fresh(bench.between.target))) for _ in range(MEMORY_ROUNDS))
    crane = peak(bench.commands.crane(source, bench.fresh(bench.between.target)))
    return [
        at_most(f"{what} ecr copy", ours, MEMORY_LIMIT_MB, " MB"),
        Figure(f"{what} crane", f"{crane:.0f} MB"),
    ]


def at_rest(bench: Bench) -> list[Figure]:
    """Requests for what is there already, as a promotion asks: by digest."""
    kinds = {"image": SMALL.image("at rest"), "index of three": images.index("at rest", 3)}
    found = []
    for pair, (name, content) in itertools.product((bench.within, bench.between), kinds.items()):
        source, target = bench.pushed(pair.source, content), bench.fresh(pair.target)
        tools.in_this_process(source, target)
        network = Counting()
        with Session(transport=network) as session:
            copying.copy(source.location(), content.digest, target.location(), target.tag, session=session)
        found.append(at_most(f"{pair.name}, {name} that is there: requests", len(network.requests), 3))
    return found


def at_once(bench: Bench) -> list[Figure]:
    """Many images by one session and many threads, against one crane after another."""
    contents = [SMALL.image(f"at once {number}") for number in range(AT_ONCE)]
    sources = [bench.pushed(bench.between.source, content) for content in contents]

    def by_crane(pair: Pair, _round: int) -> float:
        targets = [bench.fresh(pair.target) for _ in sources]
        return timed(
            lambda: [bench.runner(*bench.commands.crane(*ends)) for ends in zip(sources, targets, strict=True)]
        )

    def by_us(pair: Pair, _round: int) -> float:
        targets = [bench.fresh(pair.target) for _ in sources]
        taken = timed(lambda: _all_at_once(list(zip(sources, targets, strict=True))))
        for target, content in zip(targets, contents, strict=True):
            bench.check(target, content)
        return taken

    found = []
    for pair in (bench.within, bench.between):
        ours, theirs = in_turns([partial(by_us, pair), partial(by_crane, pair)])
        what = f"{pair.name}, {AT_ONCE} images of {SMALL}: copy() at once : crane in a loop"
        found.append(ratio(what, ours, theirs, 0.5))
    return found


def _all_at_once(ends: Sequence[tuple[Image, Image]]) -> None:
    with Session() as session:

        def one(source: Image, target: Image) -> None:
            copying.copy(source.location(), source.tag, target.location(), target.tag, session=session)

        threads = [threading.Thread(target=one, args=pair) for pair in ends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def put_image_rate(bench: Bench) -> list[Figure]:
    """How fast manifests go to a registry with ECR's quota."""
    content = images.index("rate", MANIFESTS - 1)
    source, target = bench.pushed(bench.between.source, content), bench.fresh(bench.between.target)
    network = Counting()
    to = target.location(put_manifest_rate=PUT_IMAGE_RATE)
    with Session(transport=network) as session:
        copying.copy(source.location(), source.tag, to, target.tag, session=session)
    sent = sorted(one.at_s for one in network.requests if one.method == "PUT" and "/manifests/" in one.url)
    busiest = max(sum(begin <= other < begin + 1 for other in sent) for begin in sent)
    took, least = sent[-1] - sent[0], (len(sent) - PUT_IMAGE_RATE) / PUT_IMAGE_RATE
    what = f"{len(sent)} manifests at {PUT_IMAGE_RATE} a second"
    return [
        at_most(f"{what}: most in any second", busiest, PUT_IMAGE_RATE),
        Figure(f"{what}: from first to last", f"{took:.2f} s", f">= {least:.2f} s", took >= least),
    ]
