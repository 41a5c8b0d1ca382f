"""lib0's variable-length numbers, strings and byte arrays. Used by every codec of the load generator.

Format: https://github.com/dmonad/lib0/blob/main/encoding.js (seven bits per byte, least significant first, high bit:
more follow).
"""


def write_uint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    out.append(number)
    return bytes(out)


def write_bytes(content: bytes) -> bytes:
    return write_uint(len(content)) + content


def write_string(text: str) -> bytes:
    return write_bytes(text.encode())


class Reader:
    """Reads numbers, byte arrays and strings one after the other. Raises IndexError where the bytes end too early."""

    __slots__ = ("content", "position")

    def __init__(self, content: bytes, position: int = 0) -> None:
        self.content = content
        self.position = position

    def uint(self) -> int:
        content, position = self.content, self.position
        byte = content[position]
        number = byte & 0x7F
        shift = 7
        while byte > 0x7F:
            position += 1
            byte = content[position]
            number |= (byte & 0x7F) << shift
            shift += 7
        self.position = position + 1
        return number

    def byte(self) -> int:
        self.position += 1
        return self.content[self.position - 1]

    def bytes(self) -> bytes:
        length = self.uint()
        start = self.position
        self.position = start + length
        if self.position > len(self.content):
            raise IndexError(f"{length} bytes announced, {len(self.content) - start} there")
        return self.content[start : self.position]

    def string(self) -> str:
        return self.bytes().decode()
