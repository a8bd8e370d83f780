from __future__ import annotations

import pytest

from policies.rules.values import UNKNOWN, Settings, Value
from tests.unit.policies_pack.asking import REPOSITORY, TEMPLATE, said

ONLY_KMS: Settings = {"types": ["KMS", "KMS_DSSE"]}
OWN: Settings = {"ownKey": True}
CASES: dict[str, tuple[Settings, Value, str]] = {
    "S3's key": ({}, [{"encryptionType": "AES256"}], ""),
    "AWS's key": ({}, [{"encryptionType": "KMS"}], ""),
    "twice over": ({}, [{"encryptionType": "KMS_DSSE"}], ""),
    "not set": ({}, None, "encryptionConfigurations says no encryptionType, and it can't be changed later"),
    "an empty list": ({}, [], "says no encryptionType"),
    "a key without its type": ({}, [{"kmsKey": "arn:aws:kms:::key/1"}], "says no encryptionType"),
    "misspelt": ({}, [{"encryptionType": "aes256"}], "encryptionConfigurations.encryptionType is 'aes256'"),
    "unknown": ({}, [{"encryptionType": UNKNOWN}], "? encryptionConfigurations.encryptionType"),
    "all unknown": ({}, UNKNOWN, "? encryptionConfigurations.encryptionType"),
    "only KMS, and is": (ONLY_KMS, [{"encryptionType": "KMS"}], ""),
    "only KMS, and is not": (ONLY_KMS, [{"encryptionType": "AES256"}], "is 'AES256', which is not accepted here"),
    "own key, and is": (OWN, [{"encryptionType": "KMS", "kmsKey": "arn:aws:kms:::key/1"}], ""),
    "own key, to be made": (OWN, [{"encryptionType": "KMS", "kmsKey": UNKNOWN}], ""),
    "own key, by a name": (OWN, [{"encryptionType": "KMS", "kmsKey": "alias/awsome"}], ""),
    "AWS's key by its name": (
        OWN,
        [{"encryptionType": "KMS", "kmsKey": "alias/aws/ecr"}],
        "kmsKey is 'alias/aws/ecr', a key that AWS manages: name a key of yours",
    ),
    "AWS's key by its ARN": (
        OWN,
        [{"encryptionType": "KMS_DSSE", "kmsKey": "arn:aws:kms:eu-west-1:123456789012:alias/aws/ecr"}],
        "a key that AWS manages",
    ),
    "AWS's key where that will do": ({}, [{"encryptionType": "KMS", "kmsKey": "alias/aws/ecr"}], ""),
    "own key, empty": (OWN, [{"encryptionType": "KMS", "kmsKey": ""}], "encryptionConfigurations.kmsKey is not set"),
    "own key, and is not": (OWN, [{"encryptionType": "KMS"}], "encryptionConfigurations.kmsKey is not set"),
    "own key, of no KMS": (OWN, [{"encryptionType": "AES256"}], ""),
    "neither": ({**ONLY_KMS, **OWN}, [{"encryptionType": "AES256"}], "is not accepted here: set encryptionType to KMS"),
}


@pytest.mark.parametrize("type_token", [REPOSITORY, TEMPLATE])
@pytest.mark.parametrize(("settings", "value", "line"), CASES.values(), ids=CASES)
def test_encryption_is_decided(type_token: str, settings: Settings, value: Value, line: str) -> None:
    told = said("encryption", type_token, settings, encryptionConfigurations=value)
    assert [line in one for one in told] == ([True] if line else [])
