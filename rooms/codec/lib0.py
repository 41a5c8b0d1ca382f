"""lib0's encoding of integers and byte strings, on which all Yjs protocols are built.

varUint: 7 bits a byte, little end first, the top bit says that more follow. varUint8Array and varString: a varUint
length in bytes, then the bytes. Values above 2**53 - 1 do not exist in JavaScript and are refused.
"""

from functools import lru_cache
from typing import Final

from rooms.errors import Malformed

MAX_SAFE_INTEGER = (1 << 53) - 1


def read_var_uint(data: bytes, at: int) -> tuple[int, int]:
    """The integer at offset `at`, and the offset behind it; raises Malformed."""
    try:
        byte = data[at]
        if byte < 0x80:
            return byte, at + 1
        value = byte & 0x7F
        shift = 7
        while True:
            at += 1
            byte = data[at]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 49:
                raise Malformed("an integer is too long")
        if value > MAX_SAFE_INTEGER:
            raise Malformed("an integer is too large")
    except IndexError:
        raise Malformed("the message ends inside an integer") from None
    return value, at + 1


def read_var_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """The byte string at offset `at`, and the offset behind it; raises Malformed."""
    size, at = read_var_uint(data, at)
    end = at + size
    if end > len(data):
        raise Malformed("the message ends inside a byte string")
    return data[at:end], end


def read_var_string(data: bytes, at: int) -> tuple[str, int]:
    """The UTF-8 string at offset `at`, and the offset behind it; raises Malformed."""
    raw, at = read_var_bytes(data, at)
    try:
        return raw.decode(), at
    except UnicodeDecodeError:
        raise Malformed("a string is not UTF-8") from None


def var_uint(value: int) -> bytes:
    """Encode a non-negative integer."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


client_key: Final = lru_cache(maxsize=4096)(var_uint)
"""The same of a client id, which comes again and again. 4,096: some 600 kB."""


def var_bytes(data: bytes) -> bytes:
    """Encode a byte string with its length in front."""
    return var_uint(len(data)) + data


def var_string(text: str) -> bytes:
    """Encode a string; its length counts bytes, not characters."""
    return var_bytes(text.encode())
