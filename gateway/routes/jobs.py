"""`/api/jobs/{id}`: work that was answered by 202. So far it is answers of models, by the ids of their streams."""

from gateway.operations import Call
from gateway.routes.streams import cancel_stream, show_stream
from schemas.streams import Job, Stream


async def show_job(call: Call) -> Job:
    """How far a job is."""
    return _job(await show_stream(call))


async def cancel_job(call: Call) -> Job:
    """Stop a job; what it did stays. One that has ended stays as it is."""
    return _job(await cancel_stream(call))


def _job(stream: Stream) -> Job:
    return Job(stream.id, "answer", stream.status, stream.error, stream.topic, f"/api/ai/streams/{stream.id}")
