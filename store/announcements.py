"""Follows the announcements of the documents that a process has open: one subscribed connection for all.

    announcement   'c' origin(8) count(u32) last(u64) [records]     a commit; without its records where they are large
                   'p' origin(8) awareness update                   presence; empty asks who is there
                   '{' … '}'                                        to all gateways: somebody's right to be here
                                                                    changed; or a question (store/questions.py)

After an interruption the listener is told, and reads the logs.
"""

import asyncio
import struct
from typing import Any, Protocol

from schemas.documents import DocumentName
from schemas.records import Commit, decode_records
from store import keys
from store.errors import StoreUnavailable
from store.subscriber import Subscriber

HEADER = struct.Struct(">IQ")


class Listener(Protocol):
    """Who is told. Nothing here may raise."""

    def hear_commit(self, name: DocumentName, commit: Commit | None, first: int, last: int) -> None: ...
    def hear_presence(self, name: DocumentName, origin: str, update: bytes) -> None: ...
    def missed_announcements(self) -> None: ...


class AccessListener(Protocol):
    """Who is told of changed rights (the teller publishes them). Nothing here may raise."""

    def hear_access(self, announced: bytes) -> None: ...
    def missed_announcements(self) -> None: ...


class QuestionListener(Protocol):
    """Who is asked on behalf of administrators. Nothing here may raise."""

    def hear_question(self, asked: bytes) -> None: ...


class Announcements:
    """One per gateway; `run` is its task."""

    def __init__(self, url: str, origin: bytes) -> None:
        self._subscriber = Subscriber(url, keys.GATEWAYS)
        self._origin = origin
        self._followed: set[DocumentName] = set()
        self._confirmed: dict[bytes, asyncio.Future[None]] = {}

    async def follow(self, name: DocumentName) -> None:
        """Returns when Redis has confirmed; from then on nothing is missed unnoticed. Raises StoreUnavailable."""
        self._followed.add(name)
        channel = keys.channel(name)
        confirmed = self._confirmed.setdefault(channel.encode(), asyncio.get_running_loop().create_future())
        try:
            await self._subscriber.follow(channel, confirmed)
        except StoreUnavailable:
            self._followed.discard(name)
            self._confirmed.pop(channel.encode(), None)
            raise

    async def unfollow(self, name: DocumentName) -> None:
        """No more of this document; best effort."""
        self._followed.discard(name)
        self._confirmed.pop(keys.channel(name).encode(), None)
        self._subscriber.unfollow(keys.channel(name))

    async def run(self, listener: Listener, access: AccessListener, questions: QuestionListener) -> None:
        """Listen for ever; cancel to stop."""

        def began(again: bool) -> None:
            access.missed_announcements()
            if again:
                listener.missed_announcements()

        def hear(kind: bytes, channel: bytes, data: Any) -> None:
            if kind == b"message" and channel == keys.QUESTIONS.encode():
                questions.hear_question(data)
            else:
                self._hear(kind, channel, data, listener, access)

        await self._subscriber.run(
            lambda: (keys.QUESTIONS, *map(keys.channel, self._followed)),
            hear,
            began,
        )

    def _hear(self, kind: bytes, channel: bytes, data: Any, listener: Listener, access: AccessListener) -> None:
        if kind == b"subscribe":
            confirmed = self._confirmed.get(channel)
            if confirmed is not None and not confirmed.done():
                confirmed.set_result(None)
        if kind != b"message":
            return
        origin = data[1:9]
        if origin == self._origin:
            return
        name = DocumentName(channel[len(keys.CHANNEL) :].decode())
        if data[:1] == b"c":
            count, last = HEADER.unpack_from(data, 9)
            body = data[9 + HEADER.size :]
            commit = Commit(last, decode_records(body)) if body else None
            listener.hear_commit(name, commit, last - count + 1, last)
        elif data[:1] == b"p":
            listener.hear_presence(name, origin.hex(), data[9:])
        elif channel == keys.GATEWAYS.encode():
            access.hear_access(data)
