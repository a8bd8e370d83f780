"""What the stack file says of a repository's mutability, encryption and tags, here and in creation templates."""

from __future__ import annotations

from collections.abc import Mapping

from ecr import repository, tagging
from ecr.config_reader import Section
from ecr.repository import Encryption, EncryptionType, Mutability, TagMutability


def read_tag_mutability(section: Section, *, default: Mutability) -> TagMutability:
    """The keys `tagMutability` and `mutabilityExclusions`. Mistakes are noted; the default is handed out then."""
    before = section.mistakes
    mutability = section.choice("tagMutability", Mutability, default=default)
    exclusions = section.texts("mutabilityExclusions", repository.is_exclusion, repository.EXCLUSION_RULE)
    if section.mistakes == before:  # only values that were read well can contradict each other
        try:
            return TagMutability(mutability, exclusions)
        except ValueError as error:
            section.wrong("mutabilityExclusions", str(error))
    return TagMutability(default)


def read_encryption(parent: Section) -> Encryption:
    """The key `encryption`. Mistakes are noted; the default is handed out then."""
    section = parent.section("encryption")
    if section is None:
        return Encryption()
    before = section.mistakes
    kind = section.choice("type", EncryptionType, default=EncryptionType.AES256)
    key_arn = section.text("keyArn", repository.is_kms_key_arn, repository.KMS_KEY_RULE)
    section.finish()
    if section.mistakes == before:
        try:
            return Encryption(kind, key_arn)
        except ValueError as error:
            section.wrong("keyArn", str(error))
    return Encryption()


def read_tags(section: Section) -> Mapping[str, str]:
    """The key `tags`: AWS tags. Mistakes are noted."""
    before = section.mistakes
    tags = section.text_map("tags", tagging.is_key, tagging.RULE)
    if section.mistakes == before:
        for problem in tagging.problems(tags):
            section.wrong(problem.below("tags").path, problem.reason)
    return tags
