"""The S3 types of the `aws` stand-in: buckets, and what closes, encrypts and empties them, as in pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, answered, asked, inside, objects, tags_in, wanted_tags
from local.plugins.aws_ecr_policies import same_statements
from local.plugins.aws_resource import REGION, absent_is_fine, own_tags
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of

LONGEST_BUCKET_NAME = 63  # Amazon S3 user guide, "General purpose buckets naming rules"
FIRST_REGION = "us-east-1"  # the only one that CreateBucket takes no LocationConstraint for
_GONE = ("NoSuchBucket", "404")


class _S3(ApiResource):
    service = "s3"
    absent = _GONE


class Bucket(_S3):
    """`aws:s3/bucket:Bucket`; its ID is its name."""

    type_name = "aws:s3/bucket:Bucket"
    longest_name = LONGEST_BUCKET_NAME
    name_key = "bucket"
    fields: ClassVar[Mapping[str, Field]] = {
        "bucket": Field(kind=Kind.TEXT, api="Bucket", required=True, replaces=True),
        "forceDestroy": Field(kind=Kind.BOOL),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    computed = ("arn",)
    stables = ("arn",)
    write_only = ("forceDestroy",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "bucket"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A bucket's name is its own in the whole world."""
        return state.get("bucket") == wanted.get("bucket")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the bucket, then tags it."""
        name, region = text_of(wanted["bucket"]), self.cloud.region
        where: Plain = None if region == FIRST_REGION else {"LocationConstraint": region}
        self.call("create_bucket", Bucket=name, CreateBucketConfiguration=where)
        self._tag(name, wanted)
        return name

    @override
    def look(self, resource_id: str) -> Props | None:
        """The bucket and its tags."""
        self.call("head_bucket", Bucket=resource_id)
        tags: Plain = None
        with absent_is_fine("NoSuchTagSet"):
            tags = self.call("get_bucket_tagging", Bucket=resource_id).get("TagSet")
        told = own_tags(tags_in({"Tags": tags}))
        return {"bucket": resource_id, "arn": f"arn:{self.cloud.partition}:s3:::{resource_id}", "tags": told}

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Only tags change in place, and all at once."""
        if "tags" in self.changed(state, wanted):
            self._tag(resource_id, wanted)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the bucket; what is in it only with forceDestroy, else S3 refuses."""
        if state.get("forceDestroy") is True:
            self._empty(resource_id)
        self.call("delete_bucket", Bucket=resource_id)

    def _tag(self, name: str, wanted: Props) -> None:
        if tags := wanted_tags(wanted):
            self.call("put_bucket_tagging", Bucket=name, Tagging={"TagSet": tags})
        else:
            self.call("delete_bucket_tagging", Bucket=name)

    def _empty(self, name: str) -> None:
        while True:
            page = self.call("list_object_versions", Bucket=name)
            found = [*objects(page.get("Versions")), *objects(page.get("DeleteMarkers"))]
            if not found:
                return
            gone: list[Plain] = [{"Key": one["Key"], "VersionId": one.get("VersionId")} for one in found]
            self.call("delete_objects", Bucket=name, Delete={"Objects": gone})


class _OfBucket(_S3):
    """A setting of a bucket, under its name; it is put, got and deleted as a whole."""

    setting: ClassVar[str]  # in the names of the operations
    unset: ClassVar[str] = ""  # the code of a bucket without it

    @override
    def make(self, wanted: Props) -> str:
        """Puts it."""
        self._put(wanted)
        return text_of(wanted["bucket"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The bucket's setting, None without one."""
        told: Props | None = None
        with absent_is_fine(self.unset):
            told = self.told(self.call(f"get_{self.setting}", Bucket=resource_id))
        return None if told is None else {"bucket": resource_id, **told}

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Puts it again."""
        self._put(wanted)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Takes it off the bucket."""
        self.call(f"delete_{self.setting}", Bucket=resource_id)

    def _put(self, wanted: Props) -> None:
        self.call(f"put_{self.setting}", Bucket=wanted["bucket"], **self.put(wanted))

    def put(self, wanted: Props) -> Props:
        """The parameters of the operation that puts it."""
        raise NotImplementedError

    def told(self, found: Props) -> Props | None:
        """The properties in the answer of the operation that gets it."""
        raise NotImplementedError


_BUCKET = Field(kind=Kind.TEXT, required=True, replaces=True)


class BucketPublicAccessBlock(_OfBucket):
    """`aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock`."""

    type_name = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    setting = "public_access_block"
    unset = "NoSuchPublicAccessBlockConfiguration"
    fields: ClassVar[Mapping[str, Field]] = {
        "bucket": _BUCKET,
        "blockPublicAcls": Field(kind=Kind.BOOL, api="BlockPublicAcls"),
        "blockPublicPolicy": Field(kind=Kind.BOOL, api="BlockPublicPolicy"),
        "ignorePublicAcls": Field(kind=Kind.BOOL, api="IgnorePublicAcls"),
        "restrictPublicBuckets": Field(kind=Kind.BOOL, api="RestrictPublicBuckets"),
        "region": REGION,
    }

    @override
    def put(self, wanted: Props) -> Props:
        """All four at once."""
        return {"PublicAccessBlockConfiguration": self.request(wanted)}

    @override
    def told(self, found: Props) -> Props | None:
        """All four."""
        return answered(self.fields, inside(found, "PublicAccessBlockConfiguration"))


class BucketPolicy(_OfBucket):
    """`aws:s3/bucketPolicy:BucketPolicy`."""

    type_name = "aws:s3/bucketPolicy:BucketPolicy"
    setting = "bucket_policy"
    unset = "NoSuchBucketPolicy"
    fields: ClassVar[Mapping[str, Field]] = {
        "bucket": _BUCKET,
        "policy": Field(kind=Kind.JSON, api="Policy", required=True, normal=same_statements),
        "region": REGION,
    }

    @override
    def put(self, wanted: Props) -> Props:
        """The document."""
        return self.request(wanted)

    @override
    def told(self, found: Props) -> Props | None:
        """The document."""
        return answered(self.fields, found)


class BucketVersioning(_OfBucket):
    """`aws:s3/bucketVersioning:BucketVersioning`; what was versioned once can only be suspended."""

    type_name = "aws:s3/bucketVersioning:BucketVersioning"
    setting = "bucket_versioning"
    fields: ClassVar[Mapping[str, Field]] = {
        "bucket": _BUCKET,
        "versioningConfiguration": Field(
            kind=Kind.OBJECT, required=True, fields={"status": Field(kind=Kind.TEXT, api="Status", required=True)}
        ),
        "region": REGION,
    }

    @override
    def put(self, wanted: Props) -> Props:
        """The status."""
        fields = self.fields["versioningConfiguration"].fields
        return {"VersioningConfiguration": asked(fields, inside(wanted, "versioningConfiguration"))}

    @override
    def told(self, found: Props) -> Props | None:
        """The status; a bucket that never was versioned has none."""
        return {"versioningConfiguration": {"status": found["Status"]}} if found.get("Status") else None

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Suspends it."""
        self.call("put_bucket_versioning", Bucket=resource_id, VersioningConfiguration={"Status": "Suspended"})


class BucketServerSideEncryptionConfiguration(_OfBucket):
    """`aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration`."""

    type_name = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    setting = "bucket_encryption"
    unset = "ServerSideEncryptionConfigurationNotFoundError"
    fields: ClassVar[Mapping[str, Field]] = {
        "bucket": _BUCKET,
        "rules": Field(
            kind=Kind.OBJECTS,
            required=True,
            api="Rules",
            fields={
                "applyServerSideEncryptionByDefault": Field(
                    kind=Kind.OBJECT,
                    api="ApplyServerSideEncryptionByDefault",
                    fields={
                        "sseAlgorithm": Field(kind=Kind.TEXT, api="SSEAlgorithm", required=True),
                        "kmsMasterKeyId": Field(kind=Kind.TEXT, api="KMSMasterKeyID"),
                    },
                ),
                "bucketKeyEnabled": Field(kind=Kind.BOOL, api="BucketKeyEnabled"),
            },
        ),
        "region": REGION,
    }

    @override
    def put(self, wanted: Props) -> Props:
        """The rules."""
        return {"ServerSideEncryptionConfiguration": self.request(wanted)}

    @override
    def told(self, found: Props) -> Props | None:
        """The rules."""
        return answered(self.fields, inside(found, "ServerSideEncryptionConfiguration"))


class BucketLifecycleConfiguration(_OfBucket):
    """`aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration`."""

    type_name = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    setting = "bucket_lifecycle_configuration"
    unset = "NoSuchLifecycleConfiguration"
    fields: ClassVar[Mapping[str, Field]] = {
        "bucket": _BUCKET,
        "rules": Field(
            kind=Kind.OBJECTS,
            required=True,
            api="Rules",
            fields={
                "id": Field(kind=Kind.TEXT, api="ID", required=True),
                "status": Field(kind=Kind.TEXT, api="Status", required=True),
                "filter": Field(kind=Kind.OBJECT, api="Filter", fields={"prefix": Field(kind=Kind.TEXT, api="Prefix")}),
                "expiration": Field(
                    kind=Kind.OBJECT, api="Expiration", fields={"days": Field(kind=Kind.INT, api="Days")}
                ),
                "noncurrentVersionExpiration": Field(
                    kind=Kind.OBJECT,
                    api="NoncurrentVersionExpiration",
                    fields={"noncurrentDays": Field(kind=Kind.INT, api="NoncurrentDays", required=True)},
                ),
                "abortIncompleteMultipartUpload": Field(
                    kind=Kind.OBJECT,
                    api="AbortIncompleteMultipartUpload",
                    fields={"daysAfterInitiation": Field(kind=Kind.INT, api="DaysAfterInitiation")},
                ),
            },
        ),
        "region": REGION,
    }

    @override
    def put(self, wanted: Props) -> Props:
        """The rules."""
        return {"LifecycleConfiguration": self.request(wanted)}

    @override
    def told(self, found: Props) -> Props | None:
        """The rules."""
        return answered(self.fields, found)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Takes the rules off the bucket."""
        self.call("delete_bucket_lifecycle", Bucket=resource_id)
