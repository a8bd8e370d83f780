from __future__ import annotations

import pytest

from ecr.errors import ExitCode, RemoteError
from ecr.oci import registries, verifying
from ecr.oci.copying import Progress
from ecr.oci.registry import Location, Registry
from ecr.oci.session import Session
from ecr.oci.verifying import VerifyResult
from ecr.reference import RepositoryUrl
from tests.unit.ecr.cli.running import Shell

DIGEST = "sha256:" + "a" * 64
OK, DAMAGED, GONE = (f"localhost:5000/dev/{name}:v1" for name in ("ok", "damaged", "gone"))


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def locate(url: RepositoryUrl, **_options: object) -> Location:
        return Location(Registry(f"http://{url.host}", url.host), url.name, str(url))

    def verify(location: Location, reference: str, *, session: Session, progress: Progress) -> VerifyResult:
        assert session.limits.attempts
        assert reference in ("v1", DIGEST)
        progress.blob(DIGEST, 1000, "copied")
        if location.repository == "dev/gone":
            raise RemoteError("there is no such image", service="registry", operation="Get", code="MANIFEST_UNKNOWN")
        problems = ("blob one is cut short", "blob two\x1b is gone") if location.repository == "dev/damaged" else ()
        return VerifyResult(digest=DIGEST, manifests=1, blobs=2, bytes=3000, problems=problems)

    monkeypatch.setattr(registries, "locate", locate)
    monkeypatch.setattr(verifying, "verify", verify)


@pytest.mark.parametrize(
    ("images", "code", "out"),
    [
        pytest.param([OK], 0, [f"ok {OK} is {DIGEST} (1 manifest, 2 blobs, 3.0 kB)"], id="by-tag"),
        pytest.param(
            [f"localhost:5000/dev/ok@{DIGEST}"], 0,
            [f"ok localhost:5000/dev/ok@{DIGEST} (1 manifest, 2 blobs, 3.0 kB)"], id="by-digest",
        ),
        pytest.param(
            [DAMAGED, OK], 1,
            [f"damaged {DAMAGED} is {DIGEST} (1 manifest, 2 blobs, 3.0 kB)", "  blob one is cut short",
             r"  blob two\x1b is gone", f"ok {OK} is {DIGEST} (1 manifest, 2 blobs, 3.0 kB)"], id="damaged",
        ),
        pytest.param(
            [GONE, OK], 3, [f"ok {OK} is {DIGEST} (1 manifest, 2 blobs, 3.0 kB)"], id="no-answer-for-one",
        ),
    ],
)  # fmt: skip
def test_each_image_gets_a_line_and_all_problems_are_listed(
    images: list[str], code: int, out: list[str], shell: Shell
) -> None:
    ran = shell("verify", "--quiet", *images)
    assert (ran.code, ran.out.splitlines()) == (code, out)
    assert ran.err == ("error: there is no such image\n" if GONE in images else "")


def test_progress_goes_to_stderr(shell: Shell) -> None:
    assert shell("verify", OK).err == "verified sha256:aaaaaaaaaaaa (1.0 kB)\n"


def test_the_json_keys_are_a_contract(shell: Shell) -> None:
    ran = shell("verify", "--quiet", "--json", OK, DAMAGED, GONE)
    known = {"digest": DIGEST, "manifests": 1, "blobs": 2, "bytes": 3000, "error": None}
    problems = ["blob one is cut short", "blob two\x1b is gone"]
    assert ran.code == ExitCode.REMOTE
    assert ran.json == {
        "images": [
            {"image": OK, "status": "ok", "problems": [], **known},
            {"image": DAMAGED, "status": "damaged", "problems": problems, **known},
            {
                "image": GONE,
                "status": "unknown",
                "problems": [],
                **dict.fromkeys(known),
                "error": "there is no such image",
            },
        ]
    }


def test_one_malformed_image_stops_all_before_anything_is_read(shell: Shell) -> None:
    ran = shell("verify", OK, "yoon-app")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err.startswith("error: IMAGE_URI: 'yoon-app' is not an image; accepted: ")
