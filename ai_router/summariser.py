"""Who summarises the beginning of a chat: a model of the provider that answers, since no other shall read it. Pure."""

from collections.abc import Collection, Iterable
from datetime import date

from ai_router.cost import upper
from ai_router.fit import room_for, summary_takes
from ai_router.keys import Key, scopes
from ai_router.models import Model


def summariser(
    answers: Model, key: Key, models: Iterable[Model], cooling: Collection[str], sent: int, tokens: int, day: date
) -> Model:
    """The cheapest that `auto` knows too and that has room for the whole question; else whoever `answers`.

    `sent`, `tokens`: of the question and of the summary. `cooling`: names of breakers that are open.
    """

    def price(model: Model) -> int:
        return upper(model, day, sent, output_of(model, tokens))

    def can(model: Model) -> bool:
        room = room_for(model.context, output_of(model, tokens))
        is_known = model.provider == answers.provider and model.automatic and model.price_on(day) is not None
        return (
            is_known
            and (room is None or sent <= room)
            and (model.max_output is None or output_of(model, tokens) <= model.max_output)
            and not any(name in cooling for name in scopes(model.name, key))
        )

    # The same price is no reason to ask another one, which at home might have to be loaded first.
    return min([answers, *filter(can, models)], key=price)


def output_of(model: Model, tokens: int) -> int:
    """Tokens that a summary may take of a model, its thoughts included."""
    return summary_takes(tokens, thinks="reasoning" in model.abilities)[1]
