from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.build import ImageBuild
from ecr.build_context import content_digest, context_files
from ecr.errors import InputError

BUILD = ImageBuild(context="app", dockerfile="app/Dockerfile")


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def small_context(root: Path) -> Path:
    """A context with a file in a folder, a script, a link and an empty folder; the same every time."""
    write(root, {"app/Dockerfile": "FROM scratch\n", "app/page.html": "<p>\n", "app/bin/run": "#!/bin/sh\n"})
    (root / "app/link").symlink_to("page.html")
    (root / "app/empty").mkdir()
    for folder in ("app", "app/bin", "app/empty"):
        (root / folder).chmod(0o755)
    for file in ("app/Dockerfile", "app/page.html"):
        (root / file).chmod(0o644)
    (root / "app/bin/run").chmod(0o755)
    return root


def build(
    *, context: str = "app", dockerfile: str = "app/Dockerfile", platform: str = "linux/amd64", **args: str
) -> ImageBuild:
    return ImageBuild(context=context, dockerfile=dockerfile, platform=platform, args=args)


# ---------------------------------------------------------------------------------------------------------------------
# The digest
# ---------------------------------------------------------------------------------------------------------------------


def test_a_content_digest_is_64_hex_digits(tmp_path: Path) -> None:
    digest = content_digest(BUILD, small_context(tmp_path))
    assert len(digest) == 64
    assert set(digest) <= set("0123456789abcdef")


def test_equal_content_in_two_places_at_two_times_gives_equal_digests(tmp_path: Path) -> None:
    first, second = small_context(tmp_path / "first"), small_context(tmp_path / "some/where/else")
    for path in second.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000), follow_symlinks=False)
    assert content_digest(BUILD, first) == content_digest(BUILD, second)


def test_the_tag_is_no_part_of_the_content(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    tagged = ImageBuild(context="app", dockerfile="app/Dockerfile", tag="v1.0.0")
    assert content_digest(tagged, root) == content_digest(BUILD, root)


def test_the_name_of_the_contexts_folder_is_no_part_of_the_content(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    before = content_digest(BUILD, root)
    (root / "app").rename(root / "renamed")
    assert content_digest(build(context="renamed", dockerfile="renamed/Dockerfile"), root) == before


def test_the_order_of_the_arguments_does_not_matter(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    assert content_digest(build(A="1", B="2"), root) == content_digest(build(B="2", A="1"), root)


CHANGES: list[object] = [
    pytest.param(lambda app: (app / "page.html").write_text("<P>\n"), id="byte"),
    pytest.param(lambda app: (app / "page.html").write_text(""), id="emptied"),
    pytest.param(lambda app: (app / "Dockerfile").write_text("FROM scratch\n#\n"), id="dockerfile"),
    pytest.param(lambda app: (app / "page.html").rename(app / "Page.html"), id="path"),
    pytest.param(lambda app: (app / "bin/run").rename(app / "run"), id="folder-of-a-file"),
    pytest.param(lambda app: (app / "page.html").unlink(), id="file-removed"),
    pytest.param(lambda app: (app / "new").write_text(""), id="file-added"),
    pytest.param(lambda app: (app / "empty").rmdir(), id="empty-folder-removed"),
    pytest.param(lambda app: (app / "page.html").chmod(0o755), id="permission-bit-of-a-file"),
    pytest.param(lambda app: (app / "bin").chmod(0o700), id="permission-bit-of-a-folder"),
    pytest.param(lambda app: (app / "bin/run").chmod(0o4755), id="set-user-ID"),
    pytest.param(lambda app: ((app / "link").unlink(), (app / "link").symlink_to("bin/run")), id="symlink-target"),
    pytest.param(lambda app: ((app / "link").unlink(), (app / "link").write_text("page.html")), id="symlink-to-file"),
    pytest.param(lambda app: ((app / "empty").rmdir(), (app / "empty").write_text("")), id="folder-to-file"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_context_changes_the_digest(tmp_path: Path, change: Callable[[Path], object]) -> None:
    root = small_context(tmp_path)
    before = content_digest(BUILD, root)
    change(root / "app")
    assert content_digest(BUILD, root) != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(build(), build(platform="linux/arm64"), id="platform"),
        pytest.param(build(), build(A="1"), id="argument-added"),
        pytest.param(build(A="1"), build(A="2"), id="value-of-an-argument"),
        pytest.param(build(A="1"), build(B="1"), id="name-of-an-argument"),
        pytest.param(build(A="1B"), build(A1="B"), id="where-the-name-ends"),
        pytest.param(build(A="1", B="2"), build(A="2", B="1"), id="which-argument-has-which-value"),
        pytest.param(build(), build(dockerfile="app/page.html"), id="another-dockerfile"),
        pytest.param(build(), build(context="app/bin"), id="another-context"),
    ],
)
def test_a_change_of_the_settings_changes_the_digest(tmp_path: Path, one: ImageBuild, other: ImageBuild) -> None:
    root = small_context(tmp_path)
    assert content_digest(one, root) != content_digest(other, root)


def test_an_argument_with_a_lone_surrogate_has_a_digest_too(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    assert content_digest(build(A="\ud800"), root) != content_digest(build(A="\ud801"), root)


def test_a_large_file_counts_to_its_last_byte(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    (root / "app/large").write_bytes(b"x" * (2 << 20))
    before = content_digest(BUILD, root)
    (root / "app/large").write_bytes(b"x" * ((2 << 20) - 1) + b"y")
    assert content_digest(BUILD, root) != before


# ---------------------------------------------------------------------------------------------------------------------
# Which files (Docker's documentation, "Build context", section ".dockerignore files")
# ---------------------------------------------------------------------------------------------------------------------

TREE = ("Dockerfile", ".dockerignore", "a.md", "a.txt", "lib/a.md", "lib/b.txt", "lib/deep/c.md", "lib/deep/d.txt")

IGNORE = [
    pytest.param("", "a.md a.txt lib lib/a.md lib/b.txt lib/deep lib/deep/c.md lib/deep/d.txt", id="empty"),
    pytest.param("*.md\n", "a.txt lib lib/a.md lib/b.txt lib/deep lib/deep/c.md lib/deep/d.txt", id="star-at-the-top"),
    pytest.param("**/*.md\n", "a.txt lib lib/b.txt lib/deep lib/deep/d.txt", id="two-stars-at-any-depth"),
    pytest.param("*/*.md\n", "a.md a.txt lib lib/b.txt lib/deep lib/deep/c.md lib/deep/d.txt", id="one-level-down"),
    pytest.param("lib\n", "a.md a.txt", id="folder"),
    pytest.param("/lib/\n", "a.md a.txt", id="folder-with-slashes"),
    pytest.param("lib/deep\n", "a.md a.txt lib lib/a.md lib/b.txt", id="folder-below"),
    pytest.param("**/deep\n", "a.md a.txt lib lib/a.md lib/b.txt", id="folder-at-any-depth"),
    pytest.param("*\n!a.txt\n", "a.txt", id="all-but-one"),
    pytest.param("lib\n!lib/b.txt\n", "a.md a.txt lib/b.txt", id="back-from-an-ignored-folder"),
    pytest.param("!a.txt\n*\n", "", id="the-last-match-wins"),
    pytest.param("**/*.md\n!lib/a.md\n", "a.txt lib lib/a.md lib/b.txt lib/deep lib/deep/d.txt", id="negation"),
    pytest.param("a.???\n", "a.md lib lib/a.md lib/b.txt lib/deep lib/deep/c.md lib/deep/d.txt", id="question-marks"),
    pytest.param("# a.txt\nlib\n", "a.md a.txt", id="comment"),
    pytest.param("\n   \nlib\n\n", "a.md a.txt", id="blank-lines"),
    pytest.param("  lib  \n", "a.md a.txt", id="spaces-around"),
    pytest.param("lib\r\na.md\r\n", "a.txt", id="windows-line-ends"),
    pytest.param("lib", "a.md a.txt", id="no-line-end"),
    pytest.param("\ufefflib\n", "a.md a.txt", id="byte-order-mark"),
    pytest.param("./lib\n", "a.md a.txt", id="dot-slash"),
    pytest.param("nothing/../lib\n", "a.md a.txt", id="dot-dot"),
    pytest.param(".\n", "a.md a.txt lib lib/a.md lib/b.txt lib/deep lib/deep/c.md lib/deep/d.txt", id="dot-is-ignored"),
    # Docker divides the file at line feeds only.
    pytest.param("a.md\u2028x\nlib\n", "a.md a.txt", id="line-separator-in-a-pattern"),
]


def with_tree(root: Path, ignore: str | bytes) -> Path:
    write(root, {f"app/{path}": "" for path in TREE})
    write(root, {"app/.dockerignore": ignore})
    return root


@pytest.mark.parametrize(("ignore", "kept"), IGNORE)
def test_the_ignore_file_means_what_docker_says(tmp_path: Path, ignore: str, kept: str) -> None:
    # Docker always gets the Dockerfile and the ignore file.
    assert context_files(BUILD, with_tree(tmp_path, ignore)) == sorted([".dockerignore", "Dockerfile", *kept.split()])


@pytest.mark.parametrize(
    ("ignore", "kept"),
    [
        pytest.param("#x\n", True, id="comment"),
        # Docker looks for the '#' before it takes the spaces away.
        pytest.param(" #x\n", False, id="pattern-after-a-space"),
    ],
)
def test_a_comment_starts_at_the_start_of_its_line(tmp_path: Path, ignore: str, *, kept: bool) -> None:
    write(tmp_path, {"app/Dockerfile": "", "app/#x": "", "app/.dockerignore": ignore})
    assert ("#x" in context_files(BUILD, tmp_path)) is kept


def test_an_ignored_file_changes_nothing(tmp_path: Path) -> None:
    root = with_tree(tmp_path, "lib\n")
    before = content_digest(BUILD, root)
    write(root, {"app/lib/a.md": "changed", "app/lib/new": "", "app/lib/deep/e": ""})
    assert content_digest(BUILD, root) == before


def test_an_ignored_file_need_not_be_readable_at_all(tmp_path: Path) -> None:
    root = with_tree(tmp_path, "lib/pipe\n")
    os.mkfifo(root / "app/lib/pipe")
    assert "lib/pipe" not in context_files(BUILD, root)
    assert len(content_digest(BUILD, root)) == 64


def test_an_ignore_file_beside_the_dockerfile_wins(tmp_path: Path) -> None:
    root = with_tree(tmp_path, "lib\n")
    write(root, {"app/Dockerfile.dockerignore": "*.txt\nlib/deep\n"})
    assert context_files(BUILD, root) == [
        ".dockerignore",
        "Dockerfile",
        "Dockerfile.dockerignore",
        "a.md",
        "lib",
        "lib/a.md",
        "lib/b.txt",
    ]


def test_an_ignore_file_that_is_not_utf_8_is_refused_with_its_path(tmp_path: Path) -> None:
    root = with_tree(tmp_path, b"caf\xe9\n")
    with pytest.raises(InputError) as raised:
        content_digest(BUILD, root)
    assert str(raised.value) == f"{root}/app/.dockerignore: is not UTF-8 text"


def test_an_ignore_file_that_cannot_be_read_is_refused_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = with_tree(tmp_path, "")
    unreadable(monkeypatch, root / "app/.dockerignore")
    with pytest.raises(InputError) as raised:
        context_files(BUILD, root)
    assert str(raised.value) == f"{root}/app/.dockerignore: can't be read: Permission denied"


def test_a_dockerfile_outside_the_context_counts(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    write(root, {"docker/Dockerfile": "FROM scratch\n"})
    outside = build(dockerfile="docker/Dockerfile")
    before = content_digest(outside, root)
    write(root, {"docker/Dockerfile": "FROM scratch\nUSER 1\n"})
    assert content_digest(outside, root) != before
    assert "docker/Dockerfile" not in context_files(outside, root)


def test_a_dockerfile_outside_the_context_has_its_own_ignore_file(tmp_path: Path) -> None:
    root = with_tree(tmp_path, "a.md\n")
    write(root, {"docker/Dockerfile": "FROM scratch\n", "docker/Dockerfile.dockerignore": "lib\nDockerfile\n"})
    files = context_files(build(dockerfile="docker/Dockerfile"), root)
    assert "a.md" in files
    assert "lib" not in files


def test_a_dockerfile_of_another_name_does_not_bring_back_an_ignored_one(tmp_path: Path) -> None:
    root = with_tree(tmp_path, "Dockerfile\nlib\n")
    write(root, {"app/Other": "FROM scratch\n"})
    assert context_files(build(dockerfile="app/Other"), root) == [".dockerignore", "Other", "a.md", "a.txt"]


def test_a_dockerfile_outside_the_context_does_not_bring_back_an_ignored_one(tmp_path: Path) -> None:
    root = with_tree(tmp_path, "Dockerfile\nlib\n")
    write(root, {"Dockerfile": "FROM scratch\n"})
    assert context_files(build(dockerfile="Dockerfile"), root) == [".dockerignore", "a.md", "a.txt"]


def test_the_context_may_be_the_projects_folder(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": "", "lib/a": ""})
    assert context_files(build(context=".", dockerfile="Dockerfile"), tmp_path) == ["Dockerfile", "lib", "lib/a"]


# ---------------------------------------------------------------------------------------------------------------------
# Unusual files
# ---------------------------------------------------------------------------------------------------------------------


def unreadable(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Have the system refuse to open one file. Permission bits would not do: root may read everything."""
    really_open = Path.open

    def refuse(self: Path, *args: object, **kwargs: object) -> object:
        if self == path:
            raise PermissionError(13, "Permission denied", str(path))
        return really_open(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)


def test_a_file_that_cannot_be_read_is_refused_with_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = small_context(tmp_path)
    unreadable(monkeypatch, root / "app/page.html")
    with pytest.raises(InputError) as raised:
        content_digest(BUILD, root)
    assert str(raised.value) == f"{root}/app/page.html: can't be read: Permission denied"


def test_a_pipe_is_refused_with_its_path_and_not_waited_for(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    os.mkfifo(root / "app/bin/pipe")
    with pytest.raises(InputError) as raised:
        content_digest(BUILD, root)
    assert str(raised.value) == (
        f"{root}/app/bin/pipe: is neither a file, a folder nor a link; exclude it in .dockerignore"
    )


def test_a_socket_is_refused_with_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = small_context(tmp_path)
    # A relative name, because the address of a socket is limited to 107 bytes.
    monkeypatch.chdir(root / "app")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("control.sock")
    with pytest.raises(InputError, match=r"app/control\.sock: is neither a file, a folder nor a link"):
        content_digest(BUILD, root)


def test_a_pipe_with_a_line_feed_in_its_name_is_refused_on_one_line(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    os.mkfifo(root / "app/a\nb")
    with pytest.raises(InputError) as raised:
        content_digest(BUILD, root)
    assert str(raised.value).startswith(rf"{root}/app/a\nb: is neither")


def test_a_dangling_link_is_a_link_like_any_other(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    (root / "app/dangling").symlink_to("nowhere")
    before = content_digest(BUILD, root)
    (root / "app/dangling").unlink()
    (root / "app/dangling").symlink_to("elsewhere")
    assert content_digest(BUILD, root) != before


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    write(root, {"outside/secret": "1"})
    (root / "app/out").symlink_to("../outside")
    before = content_digest(BUILD, root)
    write(root, {"outside/secret": "2", "outside/more": ""})
    assert content_digest(BUILD, root) == before
    assert [path for path in context_files(BUILD, root) if path.startswith("out")] == ["out"]


def test_links_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    (root / "app/bin/up").symlink_to("..")
    (root / "app/self").symlink_to("self")
    assert {"bin/up", "self"} <= set(context_files(BUILD, root))
    assert len(content_digest(BUILD, root)) == 64


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux only")
def test_names_that_are_not_utf_8_count_byte_by_byte(tmp_path: Path) -> None:
    digests: set[str] = set()
    for name in (b"caf\xe9", b"caf\xe8", "café".encode()):
        root = small_context(tmp_path / str(len(digests)))
        Path(os.fsdecode(bytes(root / "app") + b"/" + name)).write_text("")
        digests.add(content_digest(BUILD, root))
    assert len(digests) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux only")
def test_a_refusal_of_a_name_that_is_not_utf_8_can_be_printed(tmp_path: Path) -> None:
    root = small_context(tmp_path)
    os.mkfifo(bytes(root / "app") + b"/caf\xe9")
    with pytest.raises(InputError) as raised:
        content_digest(BUILD, root)
    assert rf"{root}/app/caf\udce9: " in str(raised.value).encode().decode()


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        pytest.param("app", "app/Dockerfile: can't be read: No such file or directory", id="context"),
        pytest.param("app/Dockerfile", "app/Dockerfile: can't be read: No such file or directory", id="dockerfile"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, missing: str, problem: str) -> None:
    root = small_context(tmp_path)
    (root / missing).rename(root / "away")
    with pytest.raises(InputError) as raised:
        content_digest(BUILD, root)
    assert str(raised.value) == f"{root}/{problem}"


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        pytest.param("nowhere", "No such file or directory", id="missing"),
        pytest.param("app/page.html", "Not a directory", id="file"),
    ],
)
def test_a_context_that_is_no_folder_is_named(tmp_path: Path, context: str, problem: str) -> None:
    root = small_context(tmp_path)
    with pytest.raises(InputError) as raised:
        context_files(build(context=context), root)
    assert str(raised.value) == f"{root}/{context}: can't be read: {problem}"


# ---------------------------------------------------------------------------------------------------------------------
# Properties
# ---------------------------------------------------------------------------------------------------------------------

# Names and contents that would run into each other if they were only put one after the other.
NAMES = ("a", "b", "ab", "a.b", "d/a", "d/b", "e/a")
contents = st.sampled_from([b"", b"a", b"b", b"ab", b"\0", b"a\0b"])
trees = st.dictionaries(st.sampled_from(NAMES), contents, max_size=4)


def digest_of(tree: Mapping[str, bytes], order: Sequence[str]) -> str:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, {"Dockerfile": ""} | {f"app/{name}": tree[name] for name in order})
        (root / "app").mkdir(exist_ok=True)
        return content_digest(build(dockerfile="Dockerfile"), root)


@settings(deadline=None, max_examples=20)
@given(tree=trees, data=st.data())
def test_the_order_in_which_files_are_made_does_not_matter(tree: dict[str, bytes], data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(tree)))
    assert digest_of(tree, order) == digest_of(tree, sorted(tree))


@settings(deadline=None, max_examples=40)
@given(one=trees, other=trees)
def test_two_contexts_have_equal_digests_only_when_they_are_equal(
    one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    assert (digest_of(one, sorted(one)) == digest_of(other, sorted(other))) is (one == other)
