"""lib0's numbers and byte arrays, as clients of bytes need them; not the codec under test. Used by raw clients."""


def var_uint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the high bit says that more follow."""
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def sized(data: bytes) -> bytes:
    """Length, then the bytes."""
    return var_uint(len(data)) + data


def read_uint(data: bytes, at: int) -> tuple[int, int]:
    """The integer at an offset, and the offset behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        shift += 7
        at += 1
        if byte < 128:
            return value, at


def read_sized(data: bytes, at: int) -> tuple[bytes, int]:
    """The bytes whose length stands at an offset, and the offset behind them."""
    size, at = read_uint(data, at)
    return data[at : at + size], at + size
