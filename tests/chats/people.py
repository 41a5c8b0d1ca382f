"""People who chat: each speaks to one gateway over REST. Made by the fixtures of conftest.py."""

from typing import Any

from tests.streams.reader import Asker, Reading


class Chatter(Asker):
    """One user at one gateway; `token` for the live side."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token)
        self.url, self.token = url, token

    async def ok(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """A request that must succeed; its body."""
        found, answer = await self.call(method, path, body)
        assert found == status, answer
        return answer

    async def refused(self, status: int, method: str, path: str, body: Any = None) -> Any:
        """A request that must not."""
        found, answer = await self.call(method, path, body)
        assert found == status, answer
        return answer

    async def chat(self, **body: Any) -> dict[str, Any]:
        """A new chat."""
        made: dict[str, Any] = await self.ok("POST", "/api/chats", body, 201)
        return made

    async def say(self, chat_id: str, content: str, **more: Any) -> dict[str, Any]:
        """A message and its whole answer."""
        said: dict[str, Any] = await self.ok(
            "POST", f"/api/chats/{chat_id}/messages", {"content": content, **more}, 201
        )
        return said

    async def heard(self, stream_id: str) -> Reading:
        """An answer, to its end."""
        return await self.whole(stream_id)
