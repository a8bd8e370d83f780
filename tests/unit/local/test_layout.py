"""Where things lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import layout as layouts
from local.errors import BadInput
from local.layout import Layout

SOCKET_PATH_LIMIT = 108  # sizeof sun_path, unix(7)


def test_defaults_lie_in_the_checkout_and_the_users_cache() -> None:
    made = layouts.from_environment({"XDG_CACHE_HOME": "/c"})
    assert (made.state, made.cache, made.port) == (made.checkout / ".local", Path("/c/container-registry"), 4566)
    assert (made.checkout / "Pulumi.yaml").exists()


def test_the_environment_comes_before_the_defaults_and_arguments_before_both() -> None:
    environ = {"CONTAINER_REGISTRY_LOCAL_STATE": "/s", "CONTAINER_REGISTRY_LOCAL_PORT": "4700"}
    made = layouts.from_environment(environ)
    assert (made.state, made.port) == (Path("/s"), 4700)
    made = layouts.from_environment(environ, state=Path("/t"), port=4800)
    assert (made.state, made.port) == (Path("/t"), 4800)


def test_a_relative_state_directory_is_made_absolute() -> None:
    assert layouts.from_environment({}, state=Path("x")).state == Path.cwd() / "x"


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "http", "45.66"])
def test_what_is_not_a_port_is_refused_with_its_source(text: str) -> None:
    with pytest.raises(BadInput, match="--port"):
        layouts.parse_port(text, "--port")


@pytest.mark.parametrize("text", ["1", "65535"])
def test_the_outermost_ports_are_accepted(text: str) -> None:
    assert layouts.parse_port(text, "--port") == int(text)


def test_the_docker_socket_stays_short_however_deep_the_state_lies() -> None:
    deep = Layout(checkout=Path("/c"), state=Path("/" + "deep/" * 60), cache=Path("/k"), port=1)
    assert len(str(deep.docker_run / "exec/containerd/containerd-debug.sock")) < SOCKET_PATH_LIMIT


def test_two_states_have_two_docker_sockets() -> None:
    one, two = (Layout(checkout=Path("/c"), state=Path(name), cache=Path("/k"), port=1) for name in ("/a", "/b"))
    assert one.docker_run != two.docker_run


def test_somebody_elses_directory_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(BadInput, match="not empty"):
        Layout(checkout=tmp_path, state=tmp_path, cache=tmp_path, port=1).prepare()


def test_our_own_directory_is_taken_again(layout: Layout) -> None:
    (layout.state / "more").write_text("x")
    layout.prepare()


def test_the_state_is_for_its_owner_alone(layout: Layout) -> None:
    layout.prepare()
    assert layout.state.stat().st_mode & 0o777 == 0o700
