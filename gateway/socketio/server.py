"""The Socket.IO server of one gateway: connecting, acknowledged events, and what python-socketio leaves unbounded.

    connect (auth.token) ──► session, or connect_error
    auth, join-chat, leave-chat, chat-message, message, typing ──► {ok: true, …} or {ok: false, error: problem}
    every second: connections without a session, tokens that have ended

Made by sockets/wiring.py; attached to the application in app.py's time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refuse

from gateway.access import LIVE_SCOPE, Denied
from gateway.addresses import address_of
from gateway.auth.caller import Caller
from gateway.bodies import decode
from gateway.chats.access import check_scope
from gateway.chats.live import LiveChats, receipt
from gateway.events.hub import Hub
from gateway.events.limits import TOKEN_GRACE
from gateway.events.topics import Topics
from gateway.parts import Parts
from gateway.problems import problem_of
from gateway.refusals import Forbidden, Refused
from gateway.socketio.guarded import Guarded
from gateway.socketio.limits import (
    AUTH_SECONDS,
    DRAIN_LOOK_SECONDS,
    PACKETS_MAX,
    TICK_SECONDS,
)
from gateway.socketio.session import SocketIoSession
from gateway.sockets.hall import TOO_MANY, Hall
from schemas.events import ChatName, ChatPlace, ChatTyping, ChatWords, Credential
from schemas.unavailable import Unavailable

logger = structlog.get_logger("gateway.socketio")
PATH: Final = "/socket.io/"
RETRY_SECONDS: Final = "60"
"""Until somebody else behind the address may have left; stock clients come back sooner, and more seldom each time."""
Act = Callable[["SocketIoServer", str, Any], Awaitable[dict[str, object]]]


class SocketIoServer:
    """One per gateway; `run` is its task."""

    def __init__(self, parts: Parts, hall: Hall, hub: Hub, topics: Topics, chats: LiveChats) -> None:
        self._parts = parts
        self._hall = hall
        self._hub = hub
        self._topics = topics
        self._chats = chats
        self._sessions: dict[str, SocketIoSession] = {}
        self._addresses: dict[str, str] = {}
        self._unknown: dict[str, float] = {}
        """Since when an engine's connection is here without a session."""
        self._io = Guarded(frozenset(ACTS), hall.figures.refused)
        self.connections = 0
        """Open ones, with those that did not say yet who they are."""
        self.events_out = 0
        self._io.on("connect", self._connect)
        self._io.on("disconnect", self._disconnect)
        for event, act in ACTS.items():
            self._io.on(event, self._acknowledged(act))

    def attach(self, app: web.Application) -> None:
        """Add `/socket.io/`."""
        app.router.add_route("*", PATH, self._enter)

    @property
    def messages_in(self) -> int:
        """From clients, so far."""
        return self._io.messages

    @property
    def waiting(self) -> int:
        """Bytes that wait for clients which read slowly, without the packets that python-socketio has."""
        return sum(session.waiting for session in self._sessions.values())

    async def run(self) -> None:
        """Look after the connections for ever; cancel to stop."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now, wall = time.monotonic(), time.time()
            known = {self._engine_id(sid) for sid in self._sessions}
            here = set(self._io.eio.sockets)
            self._unknown = {each: self._unknown.get(each, now) for each in here - known}
            for engine_id, since in self._unknown.items():
                if now - since > AUTH_SECONDS:
                    await self._io.cut(engine_id, "no token")
            for sid, session in list(self._sessions.items()):
                await self._look(sid, session, wall)

    async def close(self) -> None:
        """Send everybody away; stock clients come back to another gateway."""
        for engine_id in list(self._io.eio.sockets):
            await self._io.cut(engine_id)
        await self._io.shutdown()

    # What clients do

    async def say(self, sid: str, data: Any) -> dict[str, object]:
        """`chat-message`."""
        session = self._sessions[sid]
        words = decode(msgspec.json.encode(data), ChatWords)
        return receipt(await self._chats.say(session.caller, self._addresses[sid], words))

    async def join(self, sid: str, data: Any) -> dict[str, object]:
        """`join-chat`: an object, or the chat's id alone."""
        return await self._sessions[sid].join(decode(msgspec.json.encode(_named(data)), ChatPlace))

    async def leave(self, sid: str, data: Any) -> dict[str, object]:
        """`leave-chat`."""
        chat_id = decode(msgspec.json.encode(_named(data)), ChatName).chat_id
        self._sessions[sid].leave(chat_id)
        return {"chat_id": chat_id}

    async def type(self, sid: str, data: Any) -> dict[str, object]:
        """`typing`."""
        session, typing = self._sessions[sid], decode(msgspec.json.encode(_named(data)), ChatTyping)
        access = session.place_in(typing.chat_id)
        await self._chats.tell_typing(session.caller, access, typing.chat_id, typing.is_typing)
        return {}

    async def renew(self, sid: str, data: Any) -> dict[str, object]:
        """`auth`: a newer token of the same person."""
        session, mark = self._sessions[sid], self._parts.watch.mark()
        caller = await self._caller(decode(msgspec.json.encode(data), Credential).token)
        if caller.user_id != session.caller.user_id:
            raise Forbidden("this connection is somebody else's; open another")
        session.become(caller, mark)
        return {"expires_at": int(caller.expires_at)}

    # Parts of the above

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        """As long as the connection is open; of all dialects an address has only so many."""
        address = address_of(request, self._parts.settings.trusted_proxies)
        try:
            if not self._hall.arrive(address):
                return web.Response(status=429, text=TOO_MANY, headers={"Retry-After": RETRY_SECONDS})
            if self._hall.draining:
                return web.Response(status=503, text="the server is restarting; come back")
            self.connections += 1
            try:
                response: web.StreamResponse = await self._io.handle_request(request)
                return response
            finally:
                self.connections -= 1
        finally:
            self._hall.depart(address)

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        mark = self._parts.watch.mark()
        try:
            caller = await self._caller(token if isinstance(token, str) else "")
        except (Denied, Refused, Unavailable) as error:
            problem, _ = problem_of(error)
            raise Refuse(problem.detail, msgspec.to_builtins(problem)) from None

        async def emit(event: str, data: Any) -> None:
            self.events_out += 1
            await self._io.emit(event, data, to=sid)
            while self._waits(sid) > PACKETS_MAX:  # noqa: ASYNC110  python-socketio has no signal for it
                await asyncio.sleep(DRAIN_LOOK_SECONDS)

        session = SocketIoSession(caller, self._hub, self._parts.watch, self._topics, self._chats, emit)
        self._addresses[sid] = address_of(environ["aiohttp.request"], self._parts.settings.trusted_proxies)
        self._sessions[sid] = session
        session.begin(mark)

    async def _disconnect(self, sid: str, reason: Any = None) -> None:
        self._addresses.pop(sid, None)
        session = self._sessions.pop(sid, None)
        if session is not None:
            await session.end()

    async def _caller(self, token: str) -> Caller:
        caller = await self._parts.gate.caller(token)
        if caller.scopes is not None and LIVE_SCOPE not in caller.scopes:
            raise Forbidden(f"the token lacks the scope {LIVE_SCOPE}")
        check_scope(caller)
        return caller

    def _acknowledged(self, act: Act) -> Callable[..., Awaitable[dict[str, Any]]]:
        async def handle(sid: str, data: Any = None) -> dict[str, Any]:
            if sid not in self._sessions:
                return {"ok": False}
            try:
                answer = {"ok": True, **await act(self, sid, data)}
            except Exception as error:
                problem, _ = problem_of(error)
                if problem.status == 500:
                    logger.error("message failed", exc_info=error)
                answer = {"ok": False, "error": problem}
            found: dict[str, Any] = msgspec.to_builtins(answer)
            return found

        return handle

    async def _look(self, sid: str, session: SocketIoSession, wall: float) -> None:
        expires = session.caller.expires_at
        if session.ended.is_set():
            await self._io.disconnect(sid)
        elif expires + TOKEN_GRACE < wall:
            await self._io.cut(self._engine_id(sid))  # the client comes back, with the token that it has then
        elif expires < wall and not session.warned:
            session.warned = True
            await self._io.emit("expired", {"grace_seconds": TOKEN_GRACE}, to=sid)

    def _engine_id(self, sid: str) -> str | None:
        found: str | None = self._io.manager.eio_sid_from_sid(sid, "/")
        return found

    def _waits(self, sid: str) -> int:
        socket = self._io.eio.sockets.get(self._engine_id(sid))
        return 0 if socket is None or socket.closed else int(socket.queue.qsize())


ACTS: Final[dict[str, Act]] = {
    "auth": SocketIoServer.renew,
    "join-chat": SocketIoServer.join,
    "leave-chat": SocketIoServer.leave,
    "chat-message": SocketIoServer.say,
    "message": SocketIoServer.say,
    "typing": SocketIoServer.type,
}


def _named(data: Any) -> Any:
    """Clients that say only which chat."""
    return {"chat_id": data} if isinstance(data, str) else data
