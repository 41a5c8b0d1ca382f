"""The pages `/auth/…`, and `/.well-known/jwks.json`.

The pages work without any other host. Their one script is named by its hash in the Content-Security-Policy, so that
nothing else runs in them; nothing may frame them, and their addresses, which may have held a token, are told to nobody.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

from aiohttp import web

from gateway.operations import Call
from schemas.accounts import PublicKeys

_FOLDER: Final = Path(__file__).parents[1] / "pages"
_TITLES: Final = {
    "signin": "Sign in",
    "error": "Not signed in",
    "reset": "New password",
    "verify-email": "Confirm your address",
}


async def sign_in_page(call: Call) -> web.Response:
    """The page to sign in on."""
    return _page("signin")


async def error_page(call: Call) -> web.Response:
    """The page that says why somebody is not signed in."""
    return _page("error")


async def reset_page(call: Call) -> web.Response:
    """The page to which mails lead that set a new password."""
    return _page("reset")


async def verify_page(call: Call) -> web.Response:
    """The page to which mails lead that verify an address."""
    return _page("verify-email")


async def public_keys(call: Call) -> PublicKeys:
    """The public keys of tokens: none, since only Atrium itself checks them (docs/secure.md)."""
    return PublicKeys([])


def _page(name: str) -> web.Response:
    html, policy = _PAGES[name]
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=html, headers=headers, content_type="text/html", charset="utf-8")


def _read(name: str) -> tuple[bytes, str]:
    style, body = (_FOLDER / "style.css").read_text(), (_FOLDER / f"{name}.html").read_text()
    script = re.search(r"<script>(.*)</script>", body, re.DOTALL)
    assert script is not None, "each page has one script"
    policy = (
        f"default-src 'none'; script-src '{_hash(script[1])}'; style-src '{_hash(style)}'; connect-src 'self'; "
        "form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'"
    )
    head = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_TITLES[name]} – Atrium</title>\n<style>{style}</style>\n"
    )
    return (head + body + "</html>\n").encode(), policy


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


_PAGES: Final = {name: _read(name) for name in _TITLES}
