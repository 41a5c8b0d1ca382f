"""`/api/files/{id}/content` of a text file: the live text, read and written whole. (Of others: binary.py.)

    GET   live document ──► text, ETag = the record up to which it goes
    PUT   text ──► smallest edit of what If-Match names ──► merged into the live document ──► durable ──► new ETag

Who edits by REST is a participant like everybody else: rooms/texts.py.
"""

from aiohttp import web

from gateway.bodies import BadBody, decode
from gateway.live_texts import etag_of, live_texts, number_in
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Unreadable
from gateway.routes.binary import get_bytes, put_bytes
from gateway.routes.files import live_file
from schemas.contents import ContentRequest, ContentWritten
from schemas.documents import DocumentName
from schemas.files import TEXT_BYTES
from store.files import FileRow


async def get_content(call: Call) -> web.StreamResponse:
    """Read the content of a file: the live text, as everybody in the document sees it, or the bytes (with ranges)."""
    file = await live_file(call)
    if file.kind == "binary":
        return await get_bytes(call, file)
    name = text_of(file)
    with live_texts(call.request.app) as texts:
        text = await texts.read(name, to_write=call.access.role.may_write)
    headers = {"ETag": f'"{etag_of(text.number)}"', "Cache-Control": "private, no-cache"}
    known = call.request.if_none_match or ()
    if any(tag.value in ("*", etag_of(text.number)) for tag in known):
        return web.Response(status=304, headers=headers)
    return web.Response(body=text.text.encode(), content_type="text/plain", charset="utf-8", headers=headers)


async def put_content(call: Call) -> Answer:
    """Write the content of a file: a text becomes the smallest edit of what If-Match names, or of what is there."""
    file = await live_file(call)
    if file.kind == "binary":
        return await put_bytes(call, file)
    seen = number_in(call.if_match())
    name = text_of(file)
    text = await _body(call)
    with live_texts(call.request.app) as texts:
        now = await texts.write(name, call.caller.user_id.bytes, text, seen)
    merged = now.text != text
    size = len(now.text.encode())
    etag = etag_of(now.number)
    return Answer(ContentWritten(etag, size, merged, now.text if merged else None), etag=etag)


def text_of(file: FileRow) -> DocumentName:
    """The document of a text file. Raises Conflict."""
    if file.document is None:
        raise Conflict("this is a binary file; it has no text")
    return DocumentName(file.document)


async def _body(call: Call) -> str:
    request = call.request
    try:
        raw = await request.read()
    except (web.RequestPayloadError, ConnectionError):
        raise BadBody(400, "the body cannot be read to its end") from None
    if request.content_type == "application/json":
        text = decode(raw, ContentRequest).content
    else:
        if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
            raise Unreadable("send the text in UTF-8")
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise Unreadable(f"the text is not UTF-8: {error.reason} at byte {error.start}") from None
    size = len(text.encode())
    if size > TEXT_BYTES:
        raise web.HTTPRequestEntityTooLarge(TEXT_BYTES, size)
    return text
