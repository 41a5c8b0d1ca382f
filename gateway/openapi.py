"""OpenAPI 3.1 of all operations, from the table and the structs that validate. Served at /api/openapi.json.

What the document says is what the gateway does: the same struct is the schema here and the decoder in bodies.py.
"""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from gateway.operation import LOGIN_ONLY, SAFE_METHODS, Operation, scope_of
from gateway.permissions import Anyone, InProject, Registered, Requirement, Self, SignedIn, SiteAdmin
from schemas.problems import CONTENT_TYPE, Problem

VERSION: Final = "3.1.0"
_PARAMETER: Final = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_REF: Final = "#/components/schemas/{name}"

Json = dict[str, Any]


def document(table: Sequence[Operation], url: str, version: str) -> Json:
    """The whole description."""
    kinds = [Problem, *_distinct(kind for op in table for kind in (op.body, op.answers, op.query))]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    schema_of: dict[Any, Json] = {_key(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, Json] = {}
    for operation in table:
        for number, path in enumerate((operation.path, *operation.also)):
            described = _operation(operation, path, number, schema_of, components)
            paths.setdefault(plain_path(path), {})[operation.method.lower()] = described
    return {
        "openapi": VERSION,
        "info": {
            "title": "Atrium",
            "version": version,
            "description": "Accounts, projects and files around live documents. Errors are RFC 9457 problems.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An access token or a platform token."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-atrium"},
            },
        },
    }


def plain_path(path: str) -> str:
    """A path of the table without the patterns of its parameters."""
    return _PARAMETER.sub(r"{\1}", path)


def requirement_text(requirement: Requirement) -> str:
    """Who may, in words."""
    match requirement:
        case Anyone():
            return "anyone"
        case SignedIn():
            return "anyone signed in, guests too"
        case Registered():
            return "registered users"
        case SiteAdmin():
            return "administrators"
        case Self():
            return "the user themselves, or an administrator"
        case InProject(role, public):
            readers = ", anyone where the project is public or unlisted" if public else ""
            return f"members with the role {role.value} or above{readers}"


def _operation(
    operation: Operation, path: str, number: int, schema_of: Mapping[Any, Json], components: Mapping[str, Json]
) -> Json:
    text = inspect.getdoc(operation.run) or ""
    summary, _, more = text.partition("\n")
    name = f"{operation.run.__module__.rsplit('.', 1)[-1]}.{operation.run.__name__}"
    method = operation.method.lower()
    described: Json = {
        "operationId": f"{name}.{method}" + (f".{number}" if number else ""),
        "tags": [path.split("/")[2] if path.startswith("/api/") else path.split("/")[1]],
        "summary": summary,
        "description": f"{more.strip()}\n\nFor {requirement_text(operation.may)}. {_scope_text(operation)}".strip(),
        "parameters": [*_path_parameters(path), *_query_parameters(operation, schema_of, components)],
        "responses": _responses(operation, schema_of),
    }
    if not isinstance(operation.may, Anyone):
        open_to_all = isinstance(operation.may, InProject) and operation.may.public
        described["security"] = [{"bearer": []}, {"cookie": []}, *([{}] if open_to_all else [])]
    if operation.creates:
        described["parameters"].append(
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"}}
        )
    if operation.body is bytes:
        content: Json = {"*/*": {"schema": {}}}
        described["requestBody"] = {"required": not operation.optional_body, "content": content}
    elif operation.body is not None:
        content = {"application/json": {"schema": schema_of[_key(operation.body)]}}
        described["requestBody"] = {"required": not operation.optional_body, "content": content}
    return described


def _scope_text(operation: Operation) -> str:
    scope = scope_of(operation)
    return "Not with a platform token." if scope == LOGIN_ONLY else f"A platform token needs the scope `{scope}`."


def _path_parameters(path: str) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if name.endswith("id") else {"type": "string"},
        }
        for name in _PARAMETER.findall(path)
    ]


def _query_parameters(
    operation: Operation, schema_of: Mapping[Any, Json], components: Mapping[str, Json]
) -> list[Json]:
    if operation.query is None:
        return []
    schema = schema_of[_key(operation.query)]
    fields = components[schema["$ref"].rsplit("/", 1)[-1]]
    required = fields.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _given(field)}
        for name, field in fields.get("properties", {}).items()
    ]


def _given(field: Json) -> Json:
    # A parameter that is absent is not null.
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {key: value for key, value in field.items() if key not in ("anyOf", "default")}
    if kinds:
        return kinds[0] | rest if len(kinds) == 1 else {"anyOf": kinds} | rest
    return field


def _responses(operation: Operation, schema_of: Mapping[Any, Json]) -> Json:
    status = str(204 if operation.answers is None and operation.status == 200 else operation.status)
    answer: Json = {"description": "Done."}
    if operation.answers is bytes:
        answer["content"] = {"*/*": {"schema": {}}}
    elif operation.answers is not None:
        answer["content"] = {"application/json": {"schema": schema_of[_key(operation.answers)]}}
    problem = {CONTENT_TYPE: {"schema": schema_of[_key(Problem)]}}
    responses: Json = {status: answer, "default": {"description": "A problem.", "content": problem}}
    if operation.or_status is not None:
        responses[str(operation.or_status)] = answer
    if operation.method in SAFE_METHODS and operation.answers is not None:
        responses["304"] = {"description": "The caller has it already (If-None-Match)."}
    return responses


def _distinct(kinds: Iterable[Any]) -> list[Any]:
    found: dict[Any, Any] = {}
    for kind in kinds:
        if kind is not None and kind is not bytes:
            found.setdefault(_key(kind), kind)
    return list(found.values())


def _key(kind: Any) -> str:
    return repr(kind)
