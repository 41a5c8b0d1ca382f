"""`/api/ai/models`: what may be asked."""

from datetime import UTC, datetime

from gateway.operations import Call
from gateway.refusals import Missing
from schemas.model_lists import ListedModel, ModelList


async def list_models(call: Call) -> ModelList:
    """List the models, and how their providers are."""
    return call.parts.models.list(call.query)


async def show_model(call: Call) -> ListedModel:
    """One model by its name, `provider/model`."""
    model = call.parts.models.catalogue.models.get(call.request.match_info["name"])
    if model is None:
        raise Missing("there is no such model")
    return call.parts.models.show(model, datetime.now(UTC).date())
