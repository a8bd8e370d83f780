"""A stand-in for `nginx:alpine`, made from Debian packages that are unpacked and never installed.

It behaves like the real one where this project looks: a shell and the usual tools (busybox), nginx in
`/usr/sbin/nginx`, pages in `/usr/share/nginx/html`, `/etc/nginx/conf.d/default.conf`, logs on stdout and stderr, and
port 80.
The same packages give the same image ID: everything is sorted and carries one fixed time.
"""

# ruff: noqa: S603 - commands of our own as lists, no shell

from __future__ import annotations

import hashlib
import io
import json
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from local import debian
from local.errors import LocalError

LABEL = "container-registry.stand-in"
EPOCH = "1970-01-01T00:00:00Z"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PACKAGES = ("nginx", "nginx-common", "busybox-static")  # in Debian 12, nginx-light is `nginx` and one module

USERS = """\
root:x:0:0:root:/root:/bin/sh
www-data:x:33:33:www-data:/var/www:/sbin/nologin
nginx:x:101:101:nginx:/var/cache/nginx:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
"""
GROUP = "root:x:0:\nwww-data:x:33:\nnginx:x:101:\nnogroup:x:65534:\n"
# The two files below have the paths and the effect of the official image's, and nothing more.
NGINX_CONF = """\
user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log /var/log/nginx/access.log;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
"""
DEFAULT_CONF = """\
server {
    listen 80;
    server_name localhost;
    location / {
        root /usr/share/nginx/html;
        index index.html index.htm;
    }
    error_page 500 502 503 504 /50x.html;
}
"""
FILES = {
    "etc/passwd": USERS,
    "etc/group": GROUP,
    "etc/nginx/nginx.conf": NGINX_CONF,
    "etc/nginx/conf.d/default.conf": DEFAULT_CONF,
}
LINKS = {
    "bin": "usr/bin",
    "sbin": "usr/sbin",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "var/run": "../run",
    "var/log/nginx/access.log": "/dev/stdout",
    "var/log/nginx/error.log": "/dev/stderr",
}
FOLDERS = ("dev", "proc", "root", "run", "sys", "tmp", "var/cache/nginx", "var/lib/nginx", "var/log/nginx", "var/www")
TAKEN = ("etc/nginx/mime.types", "etc/nginx/fastcgi_params", "usr/share/nginx/html", "usr/sbin/nginx")


def recipe() -> str:
    """A short digest of how the image is made: another recipe is another cache entry."""
    return f"{platform.machine()}-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]}"


def make(folder: Path, log: Path) -> None:
    """Write `image.tar`, fit for `docker load`, into `folder`.

    Raises:
        Unavailable: a package cannot be had.
    """
    root, packages = folder / "root", folder / "packages"
    versions = debian.unpack(PACKAGES, root, packages, log)
    layer = _layer(root)
    config = json.dumps(_config(layer, versions), sort_keys=True).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    index = [{"Config": config_name, "RepoTags": ["nginx:alpine"], "Layers": ["layer.tar"]}]
    with tarfile.open(folder / "image.tar", "w") as archive:
        for name, content in (
            (config_name, config),
            ("layer.tar", layer),
            ("manifest.json", json.dumps(index).encode()),
        ):
            _add(archive, name, content)
    for done in (root, packages):
        shutil.rmtree(done)


def _config(layer: bytes, versions: dict[str, str]) -> dict[str, object]:
    machine = platform.machine()
    made_from = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()) if name in PACKAGES)
    return {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "created": EPOCH,
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Cmd": ["nginx", "-g", "daemon off;"],
            "ExposedPorts": {"80/tcp": {}},
            "StopSignal": "SIGQUIT",
            "Labels": {LABEL: f"Debian's {made_from}"},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created": EPOCH, "created_by": "python -m local: stand-in for nginx:alpine"}],
    }


def _layer(root: Path) -> bytes:
    """The file system as a tarball, in order of names."""
    files: dict[str, bytes | Path] = {name: text.encode() for name, text in FILES.items()}
    links = dict(LINKS)
    for source in _wanted(root):
        name = _merged(source.relative_to(root).as_posix())
        if name in files:
            continue
        if source.is_symlink():
            links[name] = str(source.readlink())
        else:
            files[name] = source
    files["usr/bin/busybox"] = root / "bin/busybox" if (root / "bin/busybox").exists() else root / "usr/bin/busybox"
    for applet in _applets(root):
        links.setdefault(f"usr/bin/{applet}", "busybox")
    return _packed(files, links)


def _packed(files: dict[str, bytes | Path], links: dict[str, str]) -> bytes:
    folders = {str(parent) for name in (*files, *links) for parent in Path(name).parents} | set(FOLDERS)
    folders |= {str(parent) for name in FOLDERS for parent in Path(name).parents}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        for name in sorted({*folders, *files, *links} - {"."}):
            if name in links:
                _add(layer, name, b"", kind=tarfile.SYMTYPE, target=links[name], mode=0o777)
            elif name in files:
                content = files[name]
                executable = isinstance(content, Path) and content.stat().st_mode & 0o100
                data = content.read_bytes() if isinstance(content, Path) else content
                _add(layer, name, data, mode=0o755 if executable else 0o644)
            else:
                _add(layer, name, b"", kind=tarfile.DIRTYPE, mode=0o1777 if name == "tmp" else 0o755)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, kind: bytes = tarfile.REGTYPE, target: str = "",
         mode: int = 0o644) -> None:  # fmt: skip
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.type, member.linkname, member.mtime = len(content), mode, kind, target, 0
    archive.addfile(member, io.BytesIO(content))


def _wanted(root: Path) -> Iterator[Path]:
    """What of the unpacked packages goes in: nginx, its pages, and every shared library at the top of a folder."""
    for name in TAKEN:
        path = root / name
        yield from (sorted(path.rglob("*")) if path.is_dir() else [path])
    for folder in ("lib", "usr/lib"):
        for library in sorted(root.glob(f"{folder}/*-linux-*/*.so*")):
            if library.is_file() or library.is_symlink():
                yield library
    for folder in ("lib64", "usr/lib64", "lib", "usr/lib"):
        yield from sorted(root.glob(f"{folder}/ld-linux*"))


def _merged(name: str) -> str:
    """Debian's old split between `/lib` and `/usr/lib` undone, as in newer releases."""
    return f"usr/{name}" if name.split("/", maxsplit=1)[0] in ("bin", "sbin", "lib", "lib64") else name


def _applets(root: Path) -> list[str]:
    binary = next((p for p in (root / "bin/busybox", root / "usr/bin/busybox") if p.exists()), None)
    if binary is None:
        raise LocalError("Debian's busybox-static holds no busybox")
    listed = subprocess.run([str(binary), "--list"], capture_output=True, text=True, check=True)
    return sorted(set(listed.stdout.split()) - {"busybox"})
