"""Everything that the API's description allows, and much that it does not, against the running gateways.

Schemathesis makes the requests from OpenAPI; half of the ids in them are made real, so that they reach something. Under
three accounts: a guest, the owner of a project, and a site admin who is an editor in none.
"""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from gateway.openapi import document
from gateway.routes.table import TABLE
from schemas.about import VERSION
from tests.rest.people import Scene, scene
from tests.support.stack import Stack

EXAMPLES = int(os.environ.get("ATRIUM_TEST_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    allow_header_conformance,
]


def described() -> dict[str, Any]:
    """The document without its security: every request here carries a good token."""
    api = document(TABLE, "http://127.0.0.1", VERSION)
    for methods in api["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    return api


schema = schemathesis.openapi.from_dict(described())
schema.config.phases.coverage.enabled = False  # many hundred requests an operation; the fuzzing finds the same here


@pytest.fixture(scope="module")
def connection(stack: Stack) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(stack.database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def made(request: pytest.FixtureRequest, stack: Stack, connection: "psycopg.Connection[tuple[object, ...]]") -> Scene:
    """The account, with a project and a file that its requests may reach; new for each operation."""
    return scene(connection, Tokens(Home(stack.home).secret()), request.param, visibility="public")


@pytest.mark.parametrize("made", ["guest", "owner", "site admin"], indirect=True)
@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_api_answers_as_it_says(case: schemathesis.Case[Any], stack: Stack, made: Scene) -> None:
    """Whatever is asked, the answer is one that the description names, of its type and its schema; never a 5xx."""
    subject = {"files": made.file, "collaboration": made.collaboration, "users": made.somebody}
    positive = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if positive and "id" in case.path_parameters and len(str(case.path_parameters["id"])) % 2 == 0:
        area = case.operation.path.split("/")[2]
        case.path_parameters["id"] = str(subject.get(area, made.project))
    headers = {"Authorization": f"Bearer {made.person.token}"}
    case.call_and_validate(base_url=stack.urls[0], headers=headers, checks=CHECKS)
