"""The WebSocket framing of what the server sends (RFC 6455, 5.2): unmasked, in one piece: one frame serves all."""


def binary_frame(payload: bytes) -> bytes:
    """A whole binary message as one frame, ready for every peer's socket."""
    size = len(payload)
    if size < 126:
        return bytes((0x82, size)) + payload
    if size < 1 << 16:
        return b"\x82\x7e" + size.to_bytes(2, "big") + payload
    return b"\x82\x7f" + size.to_bytes(8, "big") + payload
