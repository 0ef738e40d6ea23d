"""What a cloud store's refusal means, and what a data engineer should read instead of it.

Keeps laws L2 and L7: only an answer that says "the name is taken" is definite, everything else is
unknown. Repeats nothing of an answer but its status and code, because its text may hold a signed
URL. Must not know the driver.
"""

from __future__ import annotations

import re

import msgspec

from arco.errors import ArcoError, Forbidden, NotFound
from arco.store.address import CloudAddress
from arco.store.port import ASK_AGAIN, StoreFault

STATUS = re.compile(r"status code: (\d{3})\b")
CODE = re.compile(r"<Code>([A-Za-z]{1,64})</Code>")
# The driver looks itself when a service answers a range behind the end with no bytes at all.
BEHIND_THE_END = "source: StartTooLarge"
TRANSPORT = re.compile(r"\bkind: (Connect|Timeout|Request|Interrupted|Decode)\b")

TAKEN_CLASSES = frozenset({"AlreadyExistsError", "PreconditionError"})
TAKEN_CODES = frozenset({"BlobAlreadyExists"})
MISSING_CODES = frozenset({"", "NoSuchKey", "BlobNotFound"})
BUCKET_CODES = frozenset({"NoSuchBucket", "ContainerNotFound"})

TRANSPORT_REASONS = {
    "Connect": "no connection to the store",
    "Timeout": "no answer in time",
    "Interrupted": "the connection broke",
    "Decode": "the answer was cut short or unreadable",
}
CREDENTIALS = "give this process valid credentials of the provider in its environment"
CLOCK = "set this machine's clock: the store refuses requests signed minutes away from its own"
REGION = "name the bucket's own region in the store's URL: ?region=..."
HINTS = {
    "AuthenticationFailed": CREDENTIALS,
    "AuthorizationFailure": CREDENTIALS,
    "ExpiredToken": CREDENTIALS,
    "InvalidAccessKeyId": CREDENTIALS,
    "InvalidToken": CREDENTIALS,
    "SignatureDoesNotMatch": CREDENTIALS,
    "RequestTimeTooSkewed": CLOCK,
    "AuthorizationHeaderMalformed": REGION,
    "PermanentRedirect": REGION,
}
READ_RIGHTS = {
    "s3": (
        "grant s3:GetObject on the objects and s3:ListBucket on the bucket: without ListBucket"
        " S3 answers 403 for an object that is not there"
    ),
    "gs": "grant storage.objects.get and storage.objects.list on the bucket",
    "az": "grant the role Storage Blob Data Reader on the container",
}
WRITE_RIGHTS = {
    "s3": "grant s3:PutObject (and s3:DeleteObject for what is collected) on the objects",
    "gs": "grant storage.objects.create and storage.objects.delete on the bucket",
    "az": "grant the role Storage Blob Data Contributor on the container",
}


class Refusal(msgspec.Struct, frozen=True):
    """One answer that was not the expected one, reduced to what is safe to repeat."""

    driver_class: str
    status: int = 0
    """0: there was no HTTP answer, or it was not told."""
    code: str = ""
    transport: str = ""

    @property
    def says_taken(self) -> bool:
        """True when the name holds an object.

        S3 answers 409 while two creators race, and then neither may have won: that is no answer.
        """
        if self.driver_class not in TAKEN_CLASSES:
            return False
        return self.status == 412 or self.code in TAKEN_CODES

    @property
    def hints_taken(self) -> bool:
        """True when the driver calls the name taken without a word of the answer behind it."""
        return self.driver_class in TAKEN_CLASSES and not self.status

    @property
    def says_missing(self) -> bool:
        """True when no object has this name, and the bucket it would stand in is there."""
        return self.driver_class == "FileNotFoundError" and self.code in MISSING_CODES

    @property
    def says_past_the_end(self) -> bool:
        """True when the object exists and the range begins behind it."""
        return self.status == 416

    @property
    def is_denied(self) -> bool:
        """True when the store knows who asks and will not tell."""
        return self.status == 403

    @property
    def reason(self) -> str:
        """Why, in a few words."""
        if self.status:
            return f"{self.status} {self.code}".rstrip()
        return TRANSPORT_REASONS.get(self.transport, "the request was not answered")


def refusal(driver_class: str, text: str) -> Refusal:
    """What an error of the driver says.

    >>> refusal("GenericError", "status code: 503 Busy: <Code>SlowDown</Code>").reason
    '503 SlowDown'
    """
    status, code = STATUS.search(text), CODE.search(text)
    transport = TRANSPORT.search(text)
    if status is None and BEHIND_THE_END in text:
        return Refusal(driver_class, 416)
    return Refusal(
        driver_class,
        int(status[1]) if status else 0,
        code[1] if code else "",
        transport[1] if transport else "",
    )


def write_fault(refused: Refusal, asked: str, *, address: CloudAddress) -> StoreFault:
    """The error of a write: never definite, for an earlier try of it may have been applied."""
    rights = WRITE_RIGHTS[address.scheme] if refused.is_denied else ASK_AGAIN
    hint = HINTS.get(refused.code, rights)
    return StoreFault(f"could not {asked} in {address.root}: {refused.reason}", hint=hint)


def read_error(refused: Refusal, asked: str, *, address: CloudAddress) -> ArcoError:
    """The error of a read: what is denied or misplaced is not missing."""
    if refused.code in BUCKET_CODES:
        return NotFound(
            "STORE_BUCKET_NOT_FOUND",
            f"there is no bucket or container {address.bucket!r} where {address.scheme}:// points",
            hint="make it, or correct the store's URL (its name, region, account or endpoint)",
        )
    if refused.is_denied:
        return Forbidden(
            "STORE_READ_DENIED",
            f"{address.root} does not let this process {asked}: {refused.reason}",
            hint=HINTS.get(refused.code, READ_RIGHTS[address.scheme]),
        )
    hint = HINTS.get(refused.code, ASK_AGAIN)
    return StoreFault(f"could not {asked} in {address.root}: {refused.reason}", hint=hint)


__all__ = ["Refusal", "read_error", "refusal", "write_fault"]
