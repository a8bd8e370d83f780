"""The live lifecycle policy, and AWS's own preview of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber

from ecr.aws import EcrRepository, lifecycle
from ecr.aws.lifecycle import Timing
from ecr.errors import RemoteError
from ecr.lifecycle.comparison import PreviewResult
from ecr.lifecycle.evaluation import Outcome

NAME, REGION, OTHER_ACCOUNT = "dev/app", "eu-west-1", "210987654321"
POLICY = '{"rules":[]}'.ljust(100)
REQUEST = {"repositoryName": NAME, "maxResults": 100}


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def here(account: str | None = None) -> EcrRepository:
    return EcrRepository(NAME, region=REGION, account=account)


@dataclass
class Clock:
    """Stands still except while somebody sleeps."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    @property
    def timing(self) -> Timing:
        return Timing(clock=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def answer(status: str = "COMPLETE", *results: dict[str, object], token: str = "") -> dict[str, object]:
    more = {"nextToken": token} if token else {}
    return {"repositoryName": NAME, "status": status, "previewResults": list(results), **more}


def result(number: int, kind: str = "EXPIRE", **more: object) -> dict[str, object]:
    return {"imageDigest": digest(number), "action": {"type": kind}, "appliedRulePriority": 1, **more}


# -- the live policy --------------------------------------------------------------------------------------------------


def test_the_live_policy_is_its_text(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("get_lifecycle_policy", {"lifecyclePolicyText": POLICY}, {"repositoryName": NAME})
    assert lifecycle.live_policy(here()) == POLICY


@pytest.mark.parametrize("code", ["LifecyclePolicyNotFoundException", "RepositoryNotFoundException"])
def test_a_policy_that_is_not_there_is_none(ecr_answers: Stubber, code: str) -> None:
    ecr_answers.add_client_error("get_lifecycle_policy", code, http_status_code=400)
    assert lifecycle.live_policy(here()) is None


def test_a_policy_that_may_not_be_read_is_an_error(ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("get_lifecycle_policy", "AccessDeniedException", http_status_code=400)
    with pytest.raises(RemoteError, match="GetLifecyclePolicy failed with AccessDeniedException"):
        lifecycle.live_policy(here())


# -- the preview ------------------------------------------------------------------------------------------------------


def test_a_preview_is_awaited_and_read_to_its_last_page(ecr_answers: Stubber) -> None:
    clock = Clock()
    ecr_answers.add_response(
        "start_lifecycle_policy_preview", {}, {"repositoryName": NAME, "lifecyclePolicyText": POLICY}
    )
    for status in ("IN_PROGRESS", "IN_PROGRESS"):
        ecr_answers.add_response("get_lifecycle_policy_preview", answer(status), REQUEST)
    first = result(1, imageTags=["v1", "latest"], imagePushedAt=datetime(2026, 11, 1, tzinfo=UTC))
    ecr_answers.add_response("get_lifecycle_policy_preview", answer("COMPLETE", first, token="a"), REQUEST)
    second = {**result(2, "TRANSITION"), "storageClass": "STANDARD"}
    ecr_answers.add_response("get_lifecycle_policy_preview", answer("COMPLETE", second), {**REQUEST, "nextToken": "a"})
    found = lifecycle.preview(here(), POLICY, timeout_s=60, timing=clock.timing)
    assert found == [
        PreviewResult(digest=digest(1), tags=("latest", "v1"), outcome=Outcome.EXPIRE, rule_priority=1),
        PreviewResult(digest=digest(2), tags=(), outcome=Outcome.ARCHIVE, rule_priority=1),
    ]
    assert clock.slept == [2.0, 2.0]


def test_without_a_text_the_repositorys_own_policy_is_previewed_in_its_own_registry(ecr_answers: Stubber) -> None:
    registry = {"registryId": OTHER_ACCOUNT}
    ecr_answers.add_response("start_lifecycle_policy_preview", {}, {"repositoryName": NAME, **registry})
    ecr_answers.add_response("get_lifecycle_policy_preview", answer(), {**REQUEST, **registry})
    assert lifecycle.preview(here(OTHER_ACCOUNT), None, timeout_s=60, timing=Clock().timing) == []


def test_a_preview_that_does_not_end_is_given_up_at_the_deadline(ecr_answers: Stubber) -> None:
    clock = Clock()
    ecr_answers.add_response("start_lifecycle_policy_preview", {})
    for _ in range(3):
        ecr_answers.add_response("get_lifecycle_policy_preview", answer("IN_PROGRESS"))
    with pytest.raises(RemoteError, match="TimeoutExpired: not done after 5 s"):
        lifecycle.preview(here(), POLICY, timeout_s=5, timing=clock.timing)
    assert sum(clock.slept) <= 5


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        pytest.param([answer("FAILED")], "FAILED", id="failed"),
        pytest.param([answer("EXPIRED")], "EXPIRED", id="expired"),
        pytest.param([answer(token="a"), answer("EXPIRED")], "EXPIRED", id="expired-between-pages"),
        pytest.param([answer(token="a"), answer(token="a")], "no last page", id="pages-in-a-circle"),
        pytest.param([answer("COMPLETE", result(1, "FREEZE"))], "action of an image is 'FREEZE'", id="unknown-action"),
        pytest.param([answer("COMPLETE", {"action": {"type": "EXPIRE"}})], "no 'imageDigest'", id="nameless"),
    ],
)
def test_a_preview_that_is_no_answer_is_an_error(
    ecr_answers: Stubber, answers: list[dict[str, object]], words: str
) -> None:
    ecr_answers.add_response("start_lifecycle_policy_preview", {})
    for each in answers:
        ecr_answers.add_response("get_lifecycle_policy_preview", each)
    with pytest.raises(RemoteError, match=words):
        lifecycle.preview(here(), POLICY, timeout_s=60, timing=Clock().timing)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("LifecyclePolicyPreviewInProgressException", "somebody else's preview runs"),
        ("LifecyclePolicyNotFoundException", "LifecyclePolicyNotFoundException"),
        ("AccessDeniedException", "lack this permission"),
    ],
)
def test_a_preview_that_can_not_be_started_says_what_to_do(ecr_answers: Stubber, code: str, advice: str) -> None:
    ecr_answers.add_client_error("start_lifecycle_policy_preview", code, http_status_code=400)
    with pytest.raises(RemoteError, match=advice):
        lifecycle.preview(here(), POLICY, timeout_s=60)
