"""Every variable of the environment that the code reads is documented, and reaches the containers of compose."""

import re
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from ai_router.providers import PROVIDERS
from gateway.launch.settings import CHECKOUT

READERS: Final = (
    "gateway/settings.py",
    "gateway/auth/settings.py",
    "gateway/launch/settings.py",
    "schemas/outbound.py",
    "workers/settings.py",
)
NAME: Final = re.compile(r'"((?:[A-Z]+_)+[A-Z]+|PORT)"')
ALIASES: Final = {"JWT_SECRET", "PORT", "FRONTEND_URL"}
FIXED_IN_THE_IMAGE: Final = {"ATRIUM_HOST", "ATRIUM_PORT", "ATRIUM_HOME", "ATRIUM_MAIL_FOLDER"}
OF_VALKEY: Final = {"ATRIUM_APPENDFSYNC"}
OF_AI: Final = {"ATRIUM_AI_FIRST_TOKEN_SECONDS", "ATRIUM_AI_IDLE_SECONDS", "ATRIUM_AI_SUMMARY_SECONDS"}
OF_WORKERS: Final = {"ATRIUM_AUDIT_DAYS", "ATRIUM_KEYRING", "ATRIUM_PARK_AFTER"}


@pytest.fixture(scope="module")
def names() -> set[str]:
    return {name for reader in READERS for name in NAME.findall((CHECKOUT / reader).read_text())}


def test_names_are_found(names: set[str]) -> None:
    """The pattern finds what is known to be there."""
    assert ALIASES | OF_WORKERS | {"SMTP_URL", "ATRIUM_OUTBOUND_ALLOW"} <= names


def test_each_is_documented(names: set[str]) -> None:
    """docs/run.md has a row for each, and none for what nobody reads."""
    table = (CHECKOUT / "docs" / "run.md").read_text().partition("## Variables")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)} == names


def test_compose_passes_them_on(names: set[str]) -> None:
    """Each reaches the processes that read it, but for what the image or the service says by itself."""
    compose: Any = YAML(typ="safe").load(CHECKOUT / "docker-compose.yml")
    gateway, worker = (compose["services"][name]["environment"] for name in ("gateway-1", "worker"))
    assert set(gateway) >= names - ALIASES - FIXED_IN_THE_IMAGE - OF_VALKEY - OF_WORKERS - OF_AI
    assert set(worker) >= OF_WORKERS | {"ATRIUM_OUTBOUND_ALLOW", "ATRIUM_OUTBOUND_HTTP", "ATRIUM_SECRET"}
    assert all(f"${{{name}:-" in str(compose["services"]["valkey"]["command"]) for name in OF_VALKEY)
    assert set(gateway) | set(worker) <= names
    providers = {
        name
        for each in PROVIDERS.values()
        for name in (each.url_variable, each.models_variable, *each.key_variables)
        if name
    }
    ai = set(compose["services"]["ai"]["environment"])
    assert ai >= OF_AI | providers | {"ATRIUM_KEYRING", "ATRIUM_SECRET"}
