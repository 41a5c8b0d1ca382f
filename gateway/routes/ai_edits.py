"""`/api/projects/{id}/ai/edit…`: a model writes into a live text, and what it wrote is taken back."""

import hashlib
from typing import Final
from uuid import UUID

import msgspec

from gateway.live_texts import live_texts, number_in
from gateway.operations import Call
from gateway.refusals import Conflict, Invalid, Missing
from gateway.routes.content import text_of
from gateway.routes.streams import add, shown
from rooms.typist import Aim, NoSuchPlace, aim
from rooms.undo import undo
from schemas.ai_edits import EditRequest, EditStarted
from schemas.conversation import Turn, said
from schemas.documents import DocumentName
from schemas.ids import new_id, parse_id
from schemas.streams import ENDED, Asked, EditPlan, Stream, stream_topic
from store import ai_edits, files, streams
from store.files import FileRow

CONTEXT_CHARACTERS: Final = 60_000
"""Of all that the model is shown: some 15,000 tokens, which every model reads."""
NEIGHBOURS: Final = 5
"""Files of the same folder that are shown where nobody chose others."""
NEIGHBOUR_CHARACTERS: Final = 2_000
SYSTEM: Final = (
    "You write into a document that people are editing at this moment. Answer with exactly the text that belongs at "
    "the marked place and nothing else: no introduction, no explanation, no code fence around it."
)


async def start_edit(call: Call) -> EditStarted:
    """Have a model write into a text; everybody in it sees the words as they come. `If-Match` says in which text the
    selection was made, by its ETag; otherwise it is that of now.
    """
    body: EditRequest = call.body
    postgres, project = call.parts.postgres, call.access.project_id
    file = await files.find_live(postgres, project, body.path)
    if file is None:
        raise Missing(f"there is no file at {body.path}")
    name, seen = text_of(file), number_in(call.if_match())
    start, end = (body.selection.start, body.selection.end) if body.selection else (None, None)
    with live_texts(call.request.app) as texts:
        state = await texts.state(name, seen)
        try:
            target = await texts.run(aim(state, start, end))
        except NoSuchPlace as error:
            raise Invalid.field("/selection", str(error)) from None
        text = await texts.text_in(state)
        shown_files = await _neighbours(call, body, file)
    stream_id = new_id()
    plan = EditPlan(name, client_of(stream_id), msgspec.Raw(msgspec.json.encode(target)))
    asked = Asked(_turns(body, text, target, shown_files), body.model, edit=plan)
    aimed = msgspec.json.encode(target).decode()
    row = await add(
        call, asked, project, body.request_id, stream_id,
        lambda tx: ai_edits.add_edit(tx, stream_id, project, name, plan.client, aimed),
    )  # fmt: skip
    return EditStarted(row.id, stream_topic(row.id), row.log_begin, name, sorted(shown_files))


async def undo_edit(call: Call) -> Stream:
    """Take back all that a model wrote in one edit, and bring back what it replaced; what people typed stays."""
    try:
        stream_id = parse_id(call.request.match_info["stream"])
    except ValueError as error:
        raise Invalid(str(error)) from None
    postgres = call.parts.postgres
    edit, row = await ai_edits.find_edit(postgres, stream_id), await streams.find_stream(postgres, stream_id)
    if edit is None or row is None or edit.project_id != call.access.project_id:
        raise Missing("there is no such edit")
    if row.status not in ENDED:
        raise Conflict("the model is still writing; cancel it first")
    target = msgspec.json.decode(edit.aim, type=Aim)
    with live_texts(call.request.app) as texts:
        # The same undo twice is the same update: it has its effect once.
        if edit.undone_at is None:
            await texts.change(
                DocumentName(edit.document), call.caller.user_id.bytes, b"undo" + stream_id.bytes,
                lambda scratch: undo(scratch, edit.client, target), None,
            )  # fmt: skip
            await ai_edits.mark_undone(postgres, stream_id)
    return shown(row)


def client_of(stream_id: UUID) -> int:
    """The Yjs client id under which an edit is typed."""
    return int.from_bytes(hashlib.sha256(b"atrium ai edit" + stream_id.bytes).digest()[:8], "big") >> 11


async def _neighbours(call: Call, body: EditRequest, file: FileRow) -> dict[str, str]:
    """Paths and texts of other files, within the budget: those that were chosen, else the first of the same folder."""
    postgres, project = call.parts.postgres, call.access.project_id
    if body.files:
        rows = await files.find_live_many(postgres, project, body.files)
        if missing := set(body.files) - {row.path for row in rows}:
            raise Invalid.field("/files", f"there is no file at {sorted(missing)[0]}")
        most = CONTEXT_CHARACTERS // 2 // len(rows)
    else:
        folder = file.path.rpartition("/")[0]
        rows = await files.list_beside(postgres, project, f"{folder}/" if folder else "", file.path, NEIGHBOURS)
        most = NEIGHBOUR_CHARACTERS
    found: dict[str, str] = {}
    with live_texts(call.request.app) as texts:
        for row in rows:
            if row.document is not None and row.id != file.id:
                found[row.path] = (await texts.read(DocumentName(row.document))).text[:most]
    return found


def _turns(body: EditRequest, text: str, target: Aim, others: dict[str, str]) -> tuple[Turn, ...]:
    units = text.encode("utf-16-le")
    at = len(units) if body.selection is None else 2 * body.selection.start
    end = at + len(target.erased.encode("utf-16-le"))
    half = CONTEXT_CHARACTERS // 4
    before, behind = units[:at].decode("utf-16-le")[-half:], units[end:].decode("utf-16-le")[:half]
    marked = f"{before}<<<{target.erased}>>>{behind}" if target.erased else f"{before}<<<HERE>>>{behind}"
    task = "Replace what stands between <<< and >>>." if target.erased else "Write what belongs at <<<HERE>>>."
    shown = "".join(f"\n--- {path}\n{content}\n" for path, content in sorted(others.items()))
    context = f"Other files of the project, for reference:\n{shown}\n" if shown else ""
    document = f"{context}The document {body.path}:\n--- {body.path}\n{marked}\n---\n{task}"
    return (said("system", SYSTEM), said("user", document), said("user", body.instruction))
