"""Made-up reports: ordinary ones, long ones, and ones in which much is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import CountType, LifecyclePolicy, PolicyRule, TagStatus
from ecr.reference import RepositoryArn
from ecr.report.facts import CostFacts, Report, RepositoryFacts, StackFacts, Unknown
from ecr.status import Published, StatusRow

NOW = datetime(2026, 11, 22, 14, 20, tzinfo=UTC)
ACCOUNT, REGION = "123456789012", "eu-west-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REFUSED = "repository staging/yoon-app: not allowed: AccessDeniedException; grant ecr:DescribeImages"

POLICY = LifecyclePolicy(
    (
        PolicyRule(
            priority=1,
            tag_status=TagStatus.UNTAGGED,
            count_type=CountType.DAYS_SINCE_PUSH,
            count=14,
            description="untagged images go after 14 days",
        ),
        PolicyRule(priority=2, tag_status=TagStatus.ANY, count_type=CountType.IMAGES, count=30),
    )
)
COST = CostFacts(
    stored_bytes=812_000_000,
    naive_bytes=2_100_000_000,
    archived_bytes=0,
    monthly_usd=Decimal("0.0812"),
    naive_monthly_usd=Decimal("0.21"),
    saved_by_policy_usd=Decimal("0.02"),
    cheapest="keep-10",
    cheapest_rules="keep the latest 10 images",
    notes=("2 images in the archive can't be read, so their sizes count in full",),
)


def digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def image(name: str, *tags: str, days: float = 0.0, size: int = 49_300_000) -> Image:
    return Image(digest=digest(name), tags=tags, pushed_at=NOW - timedelta(days=days), size=size, media_type=MANIFEST)


def images(count: int, seed: str = "image", hours: float = 9.0) -> tuple[Image, ...]:
    """The youngest first; every fourth has no tag."""
    return tuple(
        image(f"{seed}/{number}", *([f"v1.{count - number}.0"] if number % 4 != 3 else []), days=hours * number / 24)
        for number in range(count)
    )


def findings(of: tuple[Image, ...]) -> dict[str, dict[str, int]]:
    """Every ninth image was not scanned."""
    return {
        each.digest: {"CRITICAL": int(number % 7 == 3), "HIGH": number % 5, "MEDIUM": number % 11, "LOW": 12}
        for number, each in enumerate(of)
        if number % 9 != 8
    }


def repository(name: str, of: tuple[Image, ...] = (), **more: object) -> RepositoryFacts:
    given: dict[str, object] = {"images": of, "findings": findings(of), "policy": POLICY, "cost": COST, **more}
    return RepositoryFacts(name=name, account=ACCOUNT, region=REGION, **given)  # type: ignore[arg-type]


def stack(name: str, deployed: str | None = None, *, source: str | None = None, **more: object) -> StackFacts:
    """A stack whose image was promoted from that of another one."""
    uri = f"{HOST}/{name}/yoon-app@{deployed}"
    said = Published(
        stack=name,
        repository=RepositoryArn("aws", REGION, ACCOUNT, f"{name}/yoon-app"),
        tag="v1.4.0" if deployed else None,
        digest=deployed,
        image_uri=uri if deployed else None,
        promoted_from=f"{HOST}/{source}/yoon-app@{deployed}" if source else None,
        gate={"passed": True, "off": "", "max_severity": "HIGH", "ignored": []} if source else None,
    )
    drift = str(more.pop("drift", "none"))
    row = StatusRow(published=said, age=timedelta(hours=5), drift=drift)
    return StackFacts(row=row, **more)  # type: ignore[arg-type]


def report(*repositories: RepositoryFacts, stacks: tuple[StackFacts, ...] = (), **more: object) -> Report:
    given: dict[str, object] = {"at": NOW, "program": "container-registry, program 3f2a9c1b7d10", **more}
    return Report(repositories=repositories, stacks=stacks, **given)  # type: ignore[arg-type]


def ordinary() -> Report:
    """Three stacks: one has drifted, and some of another could not be asked."""
    of = images(42)
    deployed = of[0].digest
    protected = {deployed: "deployed by stacks dev, prod, staging"}
    return report(
        repository("dev/yoon-app", of, protected={**protected, of[-1].digest: "pinned by stack prod"}),
        repository("staging/yoon-app", of[:33], findings=Unknown(REFUSED), protected=protected),
        repository("prod/yoon-app", of[:24], policy=None, cost=Unknown("the price list says nothing")),
        stacks=(
            stack("dev", deployed),
            stack("staging", deployed, source="dev", unknown=(REFUSED,)),
            stack(
                "prod",
                deployed,
                source="staging",
                drift=f"tag moved to {digest('other')}",
                differences=("scan on push: the state says on, ECR has off",),
            ),
        ),
        prices="AWS price list, 2026-11-20",
    )


def long(count: int, repositories: int = 1) -> Report:
    """Nothing but images, about an hour apart."""
    each = [repository(f"team/app-{number}", images(count, f"app-{number}", 1.0)) for number in range(repositories)]
    return report(*each)
