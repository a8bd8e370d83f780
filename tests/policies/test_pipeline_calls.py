"""What a promotion asks before it copies, against moto, held against the policy of a preview's role."""

from __future__ import annotations

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from mypy_boto3_ecr import ECRClient

from ecr.pipeline import stack_policy
from ecr.pipeline.model import Stage
from ecr.promotion import Origin
from ecr.reference import Registry
from tests.policies import evaluator, test_promotion_calls
from tests.policies.evaluator import Request
from tests.policies.test_promotion_calls import DEV, PROD, REGION

ecr, asked = test_promotion_calls.ecr, test_promotion_calls.asked

STAGES = (
    Stage(stack="dev", project="shop-dev", repository=DEV, build=True),
    Stage(stack="prod", project="shop-prod", repository=PROD),
)
POLICY = stack_policy.preview_permissions(STAGES, 1, Registry("aws", REGION, ACCOUNT)).document


def test_a_preview_may_do_all_that_a_promotion_asks_before_it_copies(ecr: ECRClient, asked: list[Request]) -> None:
    new, old = test_promotion_calls.push(ecr, DEV, "v2"), test_promotion_calls.push(ecr, PROD, "v1")
    asked.clear()
    test_promotion_calls.promote(new, None, Origin.SOURCE)
    test_promotion_calls.promote(new, old, Origin.TARGET)
    ours = [each for each in asked if each.action != "sts:GetCallerIdentity"]  # that takes no permission
    assert {"ecr:DescribeImageScanFindings", "ecr:GetAuthorizationToken"} <= {each.action for each in ours}
    assert [each for each in ours if not evaluator.allowed(POLICY, each)] == []
