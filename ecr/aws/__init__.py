"""Calls to AWS. The only package that sees boto3 and its exceptions: callers get `RemoteError` or a value."""

from ecr.aws.repository import EcrRepository

__all__ = ["EcrRepository"]
