"""`POST /api/ai`: a question and its whole answer in one request, kept as a chat."""

from gateway import asking
from gateway.chats.rights import enter
from gateway.chats.saying import Words, say
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Invalid
from gateway.routes.chat_messages import answered
from gateway.routes.chats import open_chat
from schemas import chats as bodies


async def ask(call: Call) -> Answer:
    """Ask a model, in a new chat or in one that is there, and wait for the answer.

    With `stream` at once (202): follow the answer's topic. Otherwise when the answer has ended (201), or goes on for
    longer than one waits (202).
    """
    body: bodies.AskRequest = call.body
    if body.chat_id is None:
        new = bodies.ChatRequest(
            model=body.model, mode=body.mode, project_id=body.project_id, message=body.prompt, pictures=body.pictures
        )
        seat, pair = await open_chat(call, new)
        assert pair is not None, "it has a message"
        return await answered(call, seat, pair, body.stream)
    if body.project_id is not None:
        raise Invalid.field("/project_id", "the chat has its own")
    seat = await enter(call.parts, call.caller, body.chat_id)
    model = None if body.model is None and body.mode is None else asking.model_of(body.model, body.mode)
    pair = await say(call.parts, seat, Words(content=body.prompt, pictures=body.pictures, model=model))
    return await answered(call, seat, pair, body.stream)
