"""What the makers of policies refuse, and what they make equal; what the policies say is asked in tests/policies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr.access import identity, repository_policy
from ecr.access.documents import Json, PolicyDocument
from ecr.access.key_policy import key_policy
from ecr.access.principals import Access, Principals, PullPrincipals, Service

OWN = "123456789012"
ARN = f"arn:aws:ecr:eu-west-1:{OWN}:repository/dev/shop"

accounts = st.sampled_from([OWN, "222222222222", "333333333333", "000000000001"])
roles = st.builds("arn:aws:iam::{}:role/{}".format, accounts, st.sampled_from(["a", "team/b", "c"]))
organizations = st.sampled_from(["o-a1b2c3d4e5", "o-zzzzzzzzzz"])
paths = st.builds("{}/r-ab12/ou-ab12-11111111/{}".format, organizations, st.sampled_from(["", "*"]))
functions = accounts | st.builds("arn:aws:lambda:eu-west-1:{}:function:orders".format, accounts)
services = st.builds(
    lambda service, account: Service(service=service, source_account=account),
    st.sampled_from(["codebuild.amazonaws.com", "ecs-tasks.amazonaws.com"]),
    accounts,
)


def many(texts: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(texts, max_size=4).map(tuple)


pushers = st.builds(
    Principals,
    accounts=many(accounts),
    roles=many(roles),
    organizations=many(organizations),
    organization_paths=many(paths),
)
pullers = st.builds(
    PullPrincipals,
    accounts=many(accounts),
    roles=many(roles),
    organizations=many(organizations),
    organization_paths=many(paths),
    functions=many(functions),
    services=st.lists(services, max_size=4).map(tuple),
)


def rendered(access: Access, *, partition: str = "aws") -> PolicyDocument:
    return repository_policy.repository_policy(access, account=OWN, partition=partition, region="eu-west-1")


def shuffled(who: Principals) -> Principals:
    """The same, the other way round and with the first of each twice."""
    return replace(who, **{name: (*values[::-1], *values[:1]) for name, values in vars(who).items()})


@given(pullers, pushers)
def test_a_policy_is_the_same_in_any_order_and_knows_no_duplicates(pull: PullPrincipals, push: Principals) -> None:
    if not (pull.somebody or push.somebody):
        return
    other = Access(pull=shuffled(pull), push=shuffled(push))  # type: ignore[arg-type]  # of the class it was given
    assert rendered(other).text == rendered(Access(pull=pull, push=push)).text


@given(pullers, pushers)
def test_nobody_is_let_in_without_being_asked_who_they_are(pull: PullPrincipals, push: Principals) -> None:
    if not (pull.somebody or push.somebody):
        return
    document = rendered(Access(pull=pull, push=push))
    for statement in document.statements:
        everybody = any("*" in names for names in statement.principals.values())
        by_service = "Service" in {kind.value for kind in statement.principals}
        assert bool(statement.conditions) >= (everybody or by_service)
        assert "ecr:GetAuthorizationToken" not in statement.actions
        assert not any("*" in action or "Describe" in action for action in statement.actions)
        assert statement.resources == ()


def test_an_arn_of_another_partition_is_refused() -> None:
    access = Access(pull=PullPrincipals(roles=("arn:aws-cn:iam::333333333333:role/deployer",)))
    with pytest.raises(ValueError, match="is of another partition than the repository, which is in aws"):
        rendered(access)


def test_a_function_of_another_region_is_refused_where_the_region_is_known() -> None:
    access = Access(pull=PullPrincipals(functions=("arn:aws:lambda:us-east-1:222222222222:function:orders",)))
    with pytest.raises(ValueError, match=r"names a function in us-east-1; .* its own Region, eu-west-1"):
        rendered(access)
    assert repository_policy.repository_policy(access, account=OWN, partition="aws", region="").statements


def test_a_service_of_china_is_refused_elsewhere() -> None:
    service = Service(service="codebuild.amazonaws.com.cn", source_account="222222222222")
    access = Access(pull=PullPrincipals(services=(service,)))
    with pytest.raises(ValueError, match="is a service of aws-cn, not of aws"):
        rendered(access)
    for partition, region in (("aws-cn", "cn-north-1"), ("aws", "")):
        assert repository_policy.repository_policy(access, account=OWN, partition=partition, region=region).statements


def accounts_up_to(count: int) -> Access:
    return Access(pull=PullPrincipals(accounts=tuple(f"{number:012}" for number in range(count))))


def test_a_policy_may_be_as_long_as_ecr_takes_and_no_longer() -> None:
    each = len('"arn:aws:iam::000000000000:root",')
    base = len(rendered(accounts_up_to(2)).text) - 2 * each
    most = (repository_policy.MAX_LENGTH - base) // each
    assert len(rendered(accounts_up_to(most)).text) <= repository_policy.MAX_LENGTH
    with pytest.raises(ValueError, match=r"would have 102[0-9]{2} characters, and ECR accepts 10240; name fewer"):
        rendered(accounts_up_to(most + 1))


BAD_ARNS = ["", "*", "dev/shop", "arn:aws:ecr:eu-west-1:123456789012:repository/*", f"{ARN}\n", "arn:aws:s3:::bucket"]


@pytest.mark.parametrize("arn", BAD_ARNS)
def test_a_policy_is_for_one_repository(arn: str) -> None:
    for make in (identity.pull_policy, identity.push_policy, key_policy):
        with pytest.raises(ValueError, match="is not the ARN of an ECR repository"):
            make(arn)
    with pytest.raises(ValueError, match="is not the ARN of an ECR repository"):
        identity.promote_policy(source_arn=ARN, target_arn=arn)
    with pytest.raises(ValueError, match="is not the ARN of an ECR repository"):
        identity.promote_policy(source_arn=arn, target_arn=ARN)


def test_nothing_is_promoted_to_itself() -> None:
    with pytest.raises(ValueError, match="can't be promoted to itself"):
        identity.promote_policy(source_arn=ARN, target_arn=ARN)


def test_services_of_one_name_get_statements_of_their_own() -> None:
    service = Service(service="codebuild.amazonaws.com", source_account="222222222222")
    document = rendered(
        Access(pull=PullPrincipals(services=(service, replace(service, source_account="333333333333"))))
    )
    sids: list[Json] = [statement.sid for statement in document.statements]
    assert sids == ["PullByCodebuild", "PullByCodebuild2"]
