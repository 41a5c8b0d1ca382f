"""Where a browser may be sent after signing in or out: our own pages, and the origins that the settings list. Pure."""

from collections.abc import Collection
from urllib.parse import urlsplit


def safe_callback(asked: str | None, site_url: str, origins: Collection[str]) -> str:
    """The address asked for if it is allowed, otherwise our site's `/`: no link of ours leads to a foreign page."""
    home = site_url + "/"
    if not asked or len(asked) > 2_000 or not asked.isascii() or any(ord(letter) <= 0x20 for letter in asked):
        return home
    if "\\" in asked:  # browsers read it as a slash
        return home
    if asked.startswith("/"):
        return home if asked.startswith("//") else site_url + asked
    try:
        parts = urlsplit(asked)
    except ValueError:
        return home
    if parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return home
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    site = urlsplit(site_url)
    return asked if origin in origins or origin == f"{site.scheme}://{site.netloc}".lower() else home
