from __future__ import annotations

import pytest

from ecr.access.documents import Condition, PolicyDocument, PrincipalType, Statement


def test_what_is_empty_is_absent_and_a_single_value_stands_by_itself() -> None:
    statement = Statement(sid="Pull", actions=("ecr:BatchGetImage",))
    assert statement.document == {"Sid": "Pull", "Effect": "Allow", "Action": "ecr:BatchGetImage"}


def test_a_whole_statement() -> None:
    statement = Statement(
        sid="Pull",
        actions=("a:B", "a:C"),
        principals={PrincipalType.AWS: ("1", "2"), PrincipalType.SERVICE: ("s",)},
        resources=("r",),
        conditions=(
            Condition("StringEquals", "k", ("v",)),
            Condition("StringEquals", "l", ("v", "w")),
            Condition("ArnLike", "k", ("v",)),
        ),
    )
    assert PolicyDocument((statement,)).document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Pull",
                "Effect": "Allow",
                "Principal": {"AWS": ["1", "2"], "Service": "s"},
                "Action": ["a:B", "a:C"],
                "Resource": "r",
                "Condition": {"StringEquals": {"k": "v", "l": ["v", "w"]}, "ArnLike": {"k": "v"}},
            }
        ],
    }


def test_anybody_is_written_as_a_star_and_needs_a_condition() -> None:
    anybody = {PrincipalType.AWS: ("*",)}
    with pytest.raises(ValueError, match="statement Pull is for anybody; a principal '\\*' needs a condition"):
        Statement(sid="Pull", actions=("a:B",), principals=anybody)
    condition = Condition("StringEquals", "aws:PrincipalOrgID", ("o-a1b2c3d4e5",))
    allowed = Statement(sid="Pull", actions=("a:B",), principals=anybody, conditions=(condition,))
    assert allowed.document["Principal"] == "*"


def test_what_aws_would_refuse_is_refused() -> None:
    pull = Statement(sid="Pull", actions=("a:B",))
    with pytest.raises(ValueError, match="is no Sid"):
        Statement(sid="Pull it", actions=("a:B",))
    with pytest.raises(ValueError, match="has no action"):
        Statement(sid="Pull", actions=())
    with pytest.raises(ValueError, match="has no value"):
        Condition("StringEquals", "k", ())
    with pytest.raises(ValueError, match="needs a statement"):
        PolicyDocument(())
    with pytest.raises(ValueError, match="share a Sid"):
        PolicyDocument((pull, pull))
    condition = Condition("StringEquals", "k", ("v",))
    with pytest.raises(ValueError, match="two conditions on one operator and key"):
        Statement(sid="Pull", actions=("a:B",), conditions=(condition, condition))
