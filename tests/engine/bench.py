"""Components by themselves on the real engine: deployed as a test's own program, read back with boto3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3

from local.cloud import LocalCloud
from local.stack import LocalStack, Session, _Run

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sns import SNSClient

REGION = "ap-northeast-2"
ACCOUNT = "000000000000"  # the emulator's
NAME = "dev/access"
SESSION = boto3.Session(region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
Program = Callable[[], None]


class Inline(LocalStack):
    """A stack whose program is the test's own, in place of the project's."""

    def __init__(self, session: Session, program: Program) -> None:
        super().__init__(session, "access", {"aws:region": REGION, "container-registry:repository": NAME})
        self.program = program

    def _program(self, run: _Run) -> Program:  # noqa: ARG002 - the overridden method's signature
        return self.program


@dataclass
class Bench:
    """A local cloud without Docker, and what the test deploys to it."""

    cloud: LocalCloud
    stacks: list[Inline] = field(default_factory=list)

    def deploy(self, program: Program) -> Inline:
        """Deploy: the preview has told exactly that, what is read back is the same, and nothing is left to do."""
        stack = Inline(self.cloud.stack("dev")._session, program)
        self.stacks.append(stack)
        told = stack.preview().changes
        done = stack.up().changes
        assert dict(told) == dict(done)
        assert set(done) == {"create"}
        assert set(stack.refresh().changes) == {"same"}
        assert set(stack.up().changes) == {"same"}
        return stack

    def destroy(self) -> None:
        """Delete all of it; the engine knows of nothing any more."""
        stack = self.stacks.pop()
        stack.destroy()
        assert not stack.export().get("resources")

    @property
    def endpoint(self) -> str:
        """Where `SESSION`'s clients find the cloud."""
        return self.cloud.layout.endpoint

    @property
    def iam(self) -> IAMClient:
        return SESSION.client("iam", endpoint_url=self.endpoint)

    @property
    def ec2(self) -> EC2Client:
        return SESSION.client("ec2", endpoint_url=self.endpoint)

    @property
    def kms(self) -> KMSClient:
        return SESSION.client("kms", endpoint_url=self.endpoint)

    @property
    def ecr(self) -> ECRClient:
        return SESSION.client("ecr", endpoint_url=self.endpoint)

    @property
    def eks(self) -> EKSClient:
        return SESSION.client("eks", endpoint_url=self.endpoint)

    @property
    def events(self) -> EventBridgeClient:
        return SESSION.client("events", endpoint_url=self.endpoint)

    @property
    def sns(self) -> SNSClient:
        return SESSION.client("sns", endpoint_url=self.endpoint)

    def roles(self) -> list[str]:
        return sorted(role["RoleName"] for role in self.iam.list_roles()["Roles"])

    def policies_of(self, role: str) -> dict[str, dict[str, object]]:
        """The policies inside a role, by name."""
        names = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
        return {
            name: dict(self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])  # type: ignore[arg-type]  # botocore parses it
            for name in names
        }
