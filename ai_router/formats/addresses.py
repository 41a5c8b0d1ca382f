"""Where a provider's paths lie under a base URL, which people write with and without its version."""

from urllib.parse import quote, urlencode


def under(base_url: str, version: str, path: str, **query: str | int) -> str:
    """`https://host`, `https://host/` and `https://host/v1` all mean the same; empty queries are left out."""
    base = base_url.rstrip("/").removesuffix(version)
    asked = urlencode({name: value for name, value in query.items() if value != ""})
    return f"{base}{version}{path}" + (f"?{asked}" if asked else "")


def segment(name: str) -> str:
    """A model's name as one piece of a path, whatever it holds."""
    return quote(name, safe="")
