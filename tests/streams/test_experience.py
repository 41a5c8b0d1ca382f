"""What people say of answers, and what answers cost and how long they take, moves the choice of `auto`."""

import asyncio
import math
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import psycopg
import pytest

from ai_router.choice import Plan, choose
from ai_router.evidence import GUEST_SHARE, PERSON_MOST, Evidence, broke
from ai_router.known import KNOWN
from ai_router.offers import Needs, Offer
from loadtest.standins.script import Script
from loadtest.standins.server import Standins
from store import keys
from store.postgres import open_pool
from store.redis import connect
from store.shared_values import SharedValues
from tests.chats.people import Chatter
from tests.streams.upstreams import asker
from tests.support.stack import Stack
from workers.ai.experience import PERSON_HOURLY, Experience

CODE = "Write a Python function that parses ISO dates and raises ValueError otherwise"
RATED = KNOWN["openai/gpt-6-sol"]
OTHER = KNOWN["openai/gpt-6.1-sol"]
CHOICES = 400


@pytest.fixture
async def experience(asked_stack: Stack) -> AsyncIterator[Experience]:
    """What an AI worker of the stack would know: from its Redis and its PostgreSQL."""
    redis = connect(asked_stack.redis_url)
    async with open_pool(asked_stack.database_url) as postgres:
        yield Experience(SharedValues(redis, keys.EXPERIENCE), postgres)
    await redis.aclose()


async def test_ratings_shift_the_choice(asked_stack: Stack, experience: Experience, standins: Standins) -> None:
    """Whoever rates through REST: once an answer, as it stands now, nobody for more than their share; guests little."""
    standins.scripts["gpt-6-sol"] = Script(tokens=3)
    people = [chatter(asked_stack) for _ in range(5)]
    found = [await answered(person) for person in people]
    await experience.ask_people()
    unrated, worth = share(experience), opinion(experience)
    assert 0.2 < unrated < 0.8

    for person, path in zip(people, found, strict=True):
        for _ in range(3):  # one answer is rated once
            await person.ok("POST", path, {"rating": -1})
    await experience.ask_people()
    disliked, (good, bad) = share(experience), opinion(experience)
    assert (good, round(bad - worth[1], 2)) == (worth[0], 5.0)
    assert disliked < unrated - 0.15

    for person, path in zip(people, found, strict=True):
        await person.ok("POST", path, {"rating": 1})
    await experience.ask_people()
    assert opinion(experience) == pytest.approx((worth[0] + 5.0, worth[1]), abs=0.01)
    assert share(experience) > unrated + 0.1

    for person, path in zip(people, found, strict=True):
        await person.ok("DELETE", path, status=204)
    await experience.ask_people()
    assert (opinion(experience), share(experience)) == (worth, unrated)

    one, other = people[0], guest(asked_stack)
    for path in [found[0], *[await answered(one) for _ in range(6)]]:
        await one.ok("POST", path, {"rating": -1})
    await other.ok("POST", await answered(other), {"rating": -1})
    await experience.ask_people()
    assert opinion(experience)[1] - worth[1] == pytest.approx(PERSON_MOST + GUEST_SHARE, abs=0.01)

    age_ratings(asked_stack, days=14)
    await experience.ask_people()
    assert opinion(experience)[1] - worth[1] == pytest.approx(7 / 2 + GUEST_SHARE / 2, abs=0.01)
    age_ratings(asked_stack, days=100)
    await experience.ask_people()
    assert opinion(experience) == worth


async def test_costs_and_waits_are_learnt(asked_stack: Stack) -> None:
    """One settled answer is one observation of each: what it was charged, and the seconds to its first token. One that
    is given again teaches nothing."""
    model, someone = "openrouter/say-20-at-5ms", asker(asked_stack)
    before = await noted(asked_stack, model)
    for body in ({"cache": True}, {"cache": True}, {}):
        stream = await someone.begin(prompt=CODE, model=model, max_tokens=500, **body)
        assert ((await someone.whole(stream)).done or {})["status"] == "done"
    _, lines = await someone.call("GET", "/api/ai/usage/answers?limit=3")
    last, again, first = (line["usd"] for line in lines["items"])
    assert first > 0
    assert again == 0
    async with asyncio.timeout(30):
        while (after := await noted(asked_stack, model)).succeeded < before.succeeded + 1.9:
            pass
    for count in ("succeeded", "timed", "priced"):
        assert getattr(after, count) - getattr(before, count) == pytest.approx(2, abs=0.01)
    assert after.log_usd - before.log_usd == pytest.approx(math.log(first) + math.log(last), abs=0.1)
    assert after.log_seconds - before.log_seconds < 2 * math.log(30)


async def test_one_person_makes_few_observations(asked_stack: Stack) -> None:
    """So many an hour of one model in one category, whatever they ask; others' count all the same."""
    redis = connect(asked_stack.redis_url)
    store = SharedValues(redis, f"atrium:test:{uuid4()}")
    async with open_pool(asked_stack.database_url) as postgres:
        mine = Experience(store, postgres)
        one, other = uuid4(), uuid4()
        for _ in range(PERSON_HOURLY + 30):
            await mine.note("coding", RATED.name, broke(1e9, "server"), one)
        for person in (other, None):
            await mine.note("coding", RATED.name, broke(1e9, "server"), person)
        await mine.note("writing", RATED.name, broke(1e9, "server"), one)
    found = {name: msgspec.json.decode(value, type=Evidence).failed for name, value in (await store.all()).items()}
    assert found == {f"coding {RATED.name}": PERSON_HOURLY + 2, f"writing {RATED.name}": 1}
    await redis.aclose()


async def answered(person: Chatter) -> str:
    """Where an answer of RATED in a chat of its own is rated."""
    chat = await person.chat()
    said = await person.say(chat["id"], CODE, model=RATED.name)
    assert (said["assistant"]["status"], said["assistant"]["model"]) == ("done", RATED.name)
    return f"/api/chats/{chat['id']}/messages/{said['assistant']['id']}/feedback"


def share(experience: Experience) -> float:
    """How often RATED is chosen of two, by a seeded chooser."""
    needs = Needs("coding", datetime.now(UTC).date(), tier="pro", tokens=500, least=500)
    plans = [
        choose(experience, [Offer(RATED, "own"), Offer(OTHER, "own")], needs, random.Random(seed))
        for seed in range(CHOICES)
    ]
    names = [plan.candidates[0].model.name for plan in plans if isinstance(plan, Plan)]
    assert len(names) == CHOICES
    found = names.count(RATED.name) / CHOICES
    said = {plan.propensity for plan in plans if isinstance(plan, Plan) and plan.candidates[0].model is RATED}
    assert found == pytest.approx(said.pop() if said else 0, abs=0.08), "what was said of the chance is what happened"
    assert not said
    return found


def opinion(experience: Experience) -> tuple[float, float]:
    """What is believed of RATED's answers, as good and bad ones seen."""
    worth = experience.standing("coding", RATED).worth
    return worth.good, worth.bad


async def noted(stack: Stack, model: str) -> Evidence:
    """What the workers of a stack have seen of a model."""
    redis = connect(stack.redis_url)
    values = await SharedValues(redis, keys.EXPERIENCE).all()
    await redis.aclose()
    found = values.get(f"coding {model}")
    return Evidence(0.0) if found is None else msgspec.json.decode(found, type=Evidence)


def chatter(stack: Stack) -> Chatter:
    """Somebody new, with an account."""
    return Chatter(stack.urls[0], asker(stack).token)


def guest(stack: Stack) -> Chatter:
    """A guest who may ask all the same."""
    made = stack.call("/api/auth/guest", method="POST", json_body={}, expect=201).body
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("UPDATE users SET tier = 'enterprise' WHERE id = %s", [made["user"]["id"]])
    return Chatter(stack.urls[0], made["access_token"])


def age_ratings(stack: Stack, days: int) -> None:
    """As if all ratings were older."""
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("UPDATE message_feedback SET created_at = created_at - make_interval(days => %s)", [days])
