"""`/api/docs`: the API's documentation as one page, made of the OpenAPI document. No other host, no script."""

import html
import json
from collections.abc import Mapping
from typing import Any, Final

CONTENT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

_STYLE: Final = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
nav a { margin-right: 1rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; }
summary { padding: .4rem .7rem; cursor: pointer; display: flex; gap: .7rem; align-items: baseline; flex-wrap: wrap; }
details > div { padding: 0 .9rem .7rem; overflow-x: auto; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { padding: .6rem; border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
.method { font-weight: 700; min-width: 4.2rem; }
.get { color: #1f7a4d; } .post { color: #1a5fb4; } .put, .patch { color: #9a6700; } .delete { color: #c01c28; }
.said { opacity: .75; } table { border-collapse: collapse; } td { padding: .1rem .9rem .1rem 0; vertical-align: top; }
"""


def docs_page(api: Mapping[str, Any]) -> str:
    """The page, from gateway/openapi.py's document."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    nav = "".join(f'<a href="#{_text(tag)}">{_text(tag)}</a>' for tag in by_tag)
    parts = "".join(f'<h2 id="{_text(tag)}">{_text(tag)}</h2>{"".join(items)}' for tag, items in by_tag.items())
    schemas = "".join(
        f'<details id="schema-{_text(name)}"><summary><code>{_text(name)}</code></summary><div>{_json(schema)}</div>'
        "</details>"
        for name, schema in sorted(api["components"]["schemas"].items())
    )
    title = f"{_text(api['info']['title'])} API"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{title}</h1>'
        f"<p>{_text(api['info']['description'])} Machines read <a href='/api/openapi.json'>/api/openapi.json</a> "
        f"(OpenAPI {_text(api['openapi'])}).</p><nav>{nav}<a href='#schemas'>schemas</a></nav>{parts}"
        f'<h2 id="schemas">schemas</h2>{schemas}</body></html>'
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_text(each['name'])}</code></td><td>{_text(each['in'])}"
        f"{' · required' if each.get('required') else ''}</td><td><code>{_text(json.dumps(each['schema']))}</code></td>"
        "</tr>"
        for each in operation["parameters"]
    )
    body = _content("Takes", operation.get("requestBody", {}).get("content", {}))
    answers = "".join(
        _content(f"Answers {status}", answer.get("content", {})) or f"<p>Answers {_text(status)}.</p>"
        for status, answer in operation["responses"].items()
    )
    description = "".join(f"<p>{_text(part)}</p>" for part in operation["description"].split("\n\n") if part)
    return (
        f'<details><summary><span class="method {method}">{method.upper()}</span><code>{_text(path)}</code>'
        f'<span class="said">{_text(operation["summary"])}</span></summary><div>{description}'
        f"<table>{rows}</table>{body}{answers}</div></details>"
    )


def _content(what: str, content: Mapping[str, Any]) -> str:
    return "".join(
        f"<p>{_text(what)} <code>{_text(kind)}</code>: {_schema(media)}</p>" for kind, media in content.items()
    )


def _schema(media: Mapping[str, Any]) -> str:
    schema = media["schema"]
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f'<a href="#schema-{_text(name)}"><code>{_text(name)}</code></a>'
    return _json(schema) if schema else "any bytes"


def _json(value: object) -> str:
    return f"<pre>{_text(json.dumps(value, indent=2))}</pre>"


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)
