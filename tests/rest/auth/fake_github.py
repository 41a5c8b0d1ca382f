"""GitHub, as far as signing in asks it: codes for states, checked as GitHub checks them. Everything can be changed."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from aiohttp import web

CLIENT_ID, CLIENT_SECRET = "client-of-the-tests", "secret-of-the-tests"


@dataclass
class FakeGitHub:
    """Its accounts are what `user` and `emails` say at the moment."""

    user: dict[str, Any] = field(default_factory=dict)
    emails: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: int = 0
    url: str = ""

    def authorise(self, location: str) -> tuple[str, str]:
        """What GitHub's page does when a person agrees: code and state for the way back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert location.startswith(f"{self.url}/login/oauth/authorize?")
        assert (query["client_id"], query["code_challenge_method"]) == (CLIENT_ID, "S256")
        code = uuid4().hex
        self.codes[code] = query
        return code, query["state"]

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/login/oauth/access_token", self._token)
        app.router.add_get("/user", self._user)
        app.router.add_get("/user/emails", self._emails)
        return app

    async def _token(self, request: web.Request) -> web.Response:
        self.asked += 1
        form = await request.post()
        begun = self.codes.pop(str(form["code"]), None)
        challenge = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        good = (
            begun is not None
            and base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() == begun["code_challenge"]
            and form["redirect_uri"] == begun["redirect_uri"]
            and (form["client_id"], form["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        )
        return web.json_response({"access_token": "gho_x"} if good else {"error": "bad_verification_code"})

    async def _user(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer gho_x"
        return web.json_response(self.user, status=self.status)

    async def _emails(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer gho_x"
        return web.json_response(self.emails)
