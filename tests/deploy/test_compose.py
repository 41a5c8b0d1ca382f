"""docker-compose.yml, Dockerfile and Procfile: valid, and true to the repository."""

import importlib.resources
import importlib.util
import json
import re
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from gateway.launch.settings import CHECKOUT


@pytest.fixture(scope="module")
def compose() -> Any:
    return YAML(typ="safe").load(CHECKOUT / "docker-compose.yml")


def test_it_fits_the_compose_schema(compose: Any) -> None:
    """docker-compose.yml is valid by the Compose specification's own schema, which check-jsonschema carries."""
    vendored = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(compose)] == []


def test_all_process_types_are_there(compose: Any) -> None:
    """Compose runs every process type of the Procfile, and what they need."""
    commands = {tuple(service.get("command", ())) for service in compose["services"].values()}
    for line in (CHECKOUT / "Procfile").read_text().splitlines():
        module = re.search(r"python (-m .+)$", line)
        assert module is not None, line
        assert ("python", *module[1].split()) in commands, line
    assert {"nginx", "postgres", "valkey"} <= set(compose["services"])


def test_every_module_that_is_run_exists(compose: Any) -> None:
    """`python -m X` in compose and Dockerfile names modules of this repository, and the image holds them."""
    dockerfile = (CHECKOUT / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY (\w+) \1$", dockerfile, re.MULTILINE))
    for service in compose["services"].values():
        command = service.get("command", [])
        if command[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(command[2]) is not None
            assert command[2].split(".")[0] in copied
    assert {"schemas", "rooms", "store", "gateway", "workers"} <= copied


def test_what_lasts_is_on_volumes_and_what_serves_is_checked(compose: Any) -> None:
    """PostgreSQL and Valkey keep their data in named volumes; every server that others wait for has a health check."""
    services = compose["services"]
    assert {volume.split(":")[0] for name in ("postgres", "valkey") for volume in services[name]["volumes"]} == set(
        compose["volumes"]
    )
    for service in services.values():
        for awaited, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[awaited], awaited


def test_valkey_keeps_its_log(compose: Any) -> None:
    """Valkey runs with the same durability as the embedded one: append-only file, nothing evicted."""
    command = compose["services"]["valkey"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--appendfsync") + 1] == "${ATRIUM_APPENDFSYNC:-everysec}"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_nginx_knows_every_gateway(compose: Any) -> None:
    """The gateways of compose are the servers of deploy/nginx.conf, one name each, and the file is mounted."""
    nginx = (CHECKOUT / "deploy" / "nginx.conf").read_text()
    servers = set(re.findall(r"server ([\w-]+):8000", nginx))
    assert servers == {name for name in compose["services"] if name.startswith("gateway")}
    assert any(volume.startswith("./deploy/nginx.conf:") for volume in compose["services"]["nginx"]["volumes"])
