"""The names and arguments of background jobs: what a gateway enqueues and a worker runs."""

from typing import ClassVar

import msgspec

DOCUMENT_QUEUE = "atrium:jobs:documents"
AI_QUEUE = "atrium:jobs:ai"
WEBHOOK_QUEUE = "atrium:jobs:webhooks"


class SnapshotDocument(msgspec.Struct, frozen=True):
    """Merge a document's log into its snapshot."""

    KIND: ClassVar[str] = "snapshot_document"
    document: str


class DeliverWebhook(msgspec.Struct, frozen=True):
    """Attempt a delivery to a webhook."""

    KIND: ClassVar[str] = "deliver_webhook"
    delivery: str


def encode_job(job: dict[str, object]) -> bytes:
    """arq's own envelope of a job as msgpack; its default, pickle, would run code that Redis was made to hold."""
    return msgspec.msgpack.encode(job)


def decode_job(data: bytes) -> dict[str, object]:
    """The inverse of encode_job."""
    return msgspec.msgpack.decode(data, type=dict[str, object])
