"""Signatures of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), pure. Called by deliver_webhook.py.

webhook-signature: v1,base64(HMAC-SHA256(secret, "{id}.{timestamp}.{body}"))  [v1,… with the old secret]
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"


def sign(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers; one signature for each secret, as `whsec_…`. `timestamp` is Unix time in seconds."""
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    signatures = [
        base64.b64encode(
            hmac.new(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256).digest()
        ).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
