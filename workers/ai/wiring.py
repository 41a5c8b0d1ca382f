"""The map of an AI worker: what is plugged into what. Called by workers/__main__.py.

queue ──► Desk ──► Answer ──► Router ──► providers          keep_fresh ──► lists of models ──► Router, gateways
                     ├──► Pen ──► logs of streams
                     └──► Hand ──► logs of documents        KeyTester, reseal: keys of users
"""

import asyncio
import os
from contextlib import AsyncExitStack

from store import keys
from store.answers_kept import AnswersKept
from store.document_log import DocumentLog
from store.event_log import EventLog
from store.lane import Lane
from store.model_lists import ModelLists
from store.postgres import Postgres
from store.redis import Redis
from store.shared_values import SharedValues
from store.stream_queue import StreamQueue
from workers.ai.circuits import Circuits
from workers.ai.desk import Desk
from workers.ai.experience import Experience
from workers.ai.key_ring import KeyRing
from workers.ai.key_test import KeyTester
from workers.ai.lists import keep_fresh
from workers.ai.provider import open_answers, open_client
from workers.ai.repeats import Repeats
from workers.ai.reseal import reseal
from workers.ai.routing import Router
from workers.ai.upstreams import upstreams
from workers.chores import Chore, keep_doing
from workers.settings import Settings

RESEAL_SECONDS = 1_800
"""Between two looks for keys that an older key of the ring sealed."""
RESEAL_BATCH = 200
"""Some 0.1 ms of arithmetic each, during which nobody is answered."""


async def answer_streams(settings: Settings, postgres: Postgres, redis: Redis, log: DocumentLog) -> None:
    """Work for ever; cancel to stop."""
    ring, store = KeyRing(settings.keyring, settings.secret), ModelLists(redis)
    experience = Experience(SharedValues(redis, keys.EXPERIENCE), postgres)
    name = f"{settings.name}-{os.urandom(6).hex()}"
    appends = Lane(settings.redis_url, "append_events")
    async with open_client() as client, open_answers() as answers, AsyncExitStack() as closing:
        closing.push_async_callback(appends.close)
        router = Router(
            settings.providers,
            store,
            postgres,
            ring,
            Circuits(SharedValues(redis, keys.BREAKERS)),
            experience,
            answers,
            Repeats(AnswersKept(redis)),
            settings.patience,
        )
        events = EventLog(redis, appends)
        desk = Desk(name, postgres, events, log, StreamQueue(redis), settings.redis_url, router)
        tester = KeyTester(postgres, redis, settings.redis_url, ring, client, upstreams(os.environ))
        chore = Chore("seal keys again", RESEAL_SECONDS, lambda: reseal(postgres, ring, RESEAL_BATCH))
        # Unlike `gather`, a group waits for all of it, when it is cancelled too: for the answers that finish.
        async with asyncio.TaskGroup() as tasks:
            fresh = keep_fresh(client, settings.providers, store, changed=router.look)
            for each in (desk.run(), experience.run(), fresh, tester.run(), keep_doing(chore)):
                tasks.create_task(each)
