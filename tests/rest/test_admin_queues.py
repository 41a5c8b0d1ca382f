"""What administrators see of background jobs, workers and rate limits: an instance of its own, with low limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from schemas.documents import DocumentName
from schemas.jobs import WEBHOOK_QUEUE, DeliverWebhook
from store import keys
from store.redis import connect
from tests.events.test_webhook_worker import ALLOWED, listening
from tests.rest.databases import execute
from tests.rest.people import scene
from tests.support.stack import Stack
from tests.support.waiting import wait_for
from workers.jobs import Jobs

FACTOR = 0.1
AI_WORKER = "ai-1"
GUESSES = 2  # at one account: 20 in five minutes, times FACTOR


@pytest.fixture(scope="module")
def strict() -> Iterator[Stack]:
    """Two gateways and a worker."""
    stack = Stack(gateways=2, workers=1, environment=ALLOWED | {"ATRIUM_RATE_FACTOR": str(FACTOR)})
    try:
        stack.start()
        yield stack
    finally:
        stack.remove()


@pytest.fixture
def admin(strict: Stack) -> str:
    """An administrator's access token."""
    with psycopg.connect(strict.database_url, autocommit=True) as connection:
        return scene(connection, Tokens(Home(strict.home).secret()), "site admin").person.token


def jobs_of(strict: Stack, admin: str, query: str = "") -> Any:
    return strict.call(f"/api/admin/jobs{query}", token=admin, expect=200).body


def workers_of(strict: Stack, admin: str) -> Any:
    workers = strict.call("/api/admin/health", token=admin, expect=200).body["workers"]
    return [worker for worker in workers if "documents" in worker["queues"]]


def worker_of(strict: Stack, admin: str) -> Any:
    """The one for documents that is alive."""
    alive = [worker for worker in workers_of(strict, admin) if worker["alive"]]
    return alive[0] if len(alive) == 1 else None


async def test_jobs_wait_and_fail(strict: Stack, admin: str) -> None:
    """A job is listed while no worker takes it; done and failed ones are counted, and the latter remembered."""
    before = worker_of(strict, admin)
    jobs, document, nonsense = Jobs(strict.redis_url), f"{uuid4()}/gone", f"no id {uuid4()}"
    strict.pause("worker-1")
    try:
        await jobs.snapshot(DocumentName(document))
        await jobs._enqueue(WEBHOOK_QUEUE, DeliverWebhook.KIND, nonsense)  # what nobody does
        said = jobs_of(strict, admin)
        queues = {queue["name"]: queue for queue in said["queues"]}
        assert set(queues) == {"documents", "webhooks", "ai"}
        listed = {(job["queue"], job["kind"], job["subject"], job["state"]) for job in said["jobs"]}
        assert ("documents", "snapshot_document", document, "queued") in listed
        assert ("webhooks", "deliver_webhook", nonsense, "queued") in listed
        assert queues["documents"]["queued"] >= 1
        assert queues["ai"] == {"name": "ai", "queued": 0, "running": 0, "oldest_seconds": 0.0}
        assert {job["queue"] for job in jobs_of(strict, admin, "?queue=documents")["jobs"]} == {"documents"}
        assert len(jobs_of(strict, admin, "?limit=1")["jobs"]) == 1
    finally:
        strict.resume("worker-1")
        await jobs.close()

    def failed() -> Any:
        return [job for job in jobs_of(strict, admin)["failed"] if job["subject"] == nonsense]

    ((failure),) = await asyncio.to_thread(wait_for, failed, "the job to fail")
    assert (failure["queue"], failure["kind"], failure["error"]) == ("webhooks", "deliver_webhook", "ValueError")
    assert failure["worker"] == "worker-1"

    def counted() -> bool:
        now = worker_of(strict, admin)
        return bool(now and now["failed"] == before["failed"] + 1 and now["done"] > before["done"])

    await asyncio.to_thread(wait_for, counted, "both jobs to be counted")
    assert document not in {job["subject"] for job in jobs_of(strict, admin)["jobs"]}


def test_a_running_job(strict: Stack, admin: str) -> None:
    """A delivery whose receiver takes its time is running, and not waiting."""
    token = strict.guest()
    execute(strict.database_url, "UPDATE users SET is_guest = false, tier = 'free' WHERE is_guest")
    with listening(hang=True) as (url, got, go):
        endpoint = strict.call("/api/webhooks", token=token, json_body={"url": url}, expect=201).body["webhook"]["id"]
        try:
            strict.call(f"/api/webhooks/{endpoint}/test", token=token, method="POST", expect=202)
            got.get(timeout=30)
            said = jobs_of(strict, admin, "?queue=webhooks")
            assert [job["state"] for job in said["jobs"]] == ["running"]
            assert [(queue["queued"], queue["running"]) for queue in said["queues"]] == [(0, 1)]
        finally:
            go.set()
        wait_for(lambda: not jobs_of(strict, admin, "?queue=webhooks")["jobs"], "the end of the delivery")


def test_answers_of_ai(strict: Stack, admin: str) -> None:
    """Answers that wait for a worker of AI, and those that one gives, are jobs as well."""
    strict.guest()
    ((user,),) = execute(strict.database_url, "SELECT id FROM users ORDER BY created_at DESC LIMIT 1")
    waiting, running = uuid4(), uuid4()
    strict.pause(AI_WORKER)  # it would look at what it knows nothing of
    try:
        for stream, status in ((waiting, "queued"), (running, "running")):
            execute(
                strict.database_url,
                "INSERT INTO streams (id, user_id, asked, log_begin, status, worker) VALUES (%s, %s, '{}', 0, %s, 'x')",
                stream, user, status,
            )  # fmt: skip
        said = jobs_of(strict, admin, "?queue=ai")
        assert {(job["kind"], job["subject"], job["state"]) for job in said["jobs"]} == {
            ("answer", str(waiting), "queued"), ("answer", str(running), "running"),
        }  # fmt: skip
        assert [(queue["name"], queue["queued"], queue["running"]) for queue in said["queues"]] == [("ai", 1, 1)]
    finally:
        execute(strict.database_url, "DELETE FROM streams WHERE id IN (%s, %s)", waiting, running)
        strict.resume(AI_WORKER)


async def test_snapshots_that_fail_again_and_again(strict: Stack, admin: str) -> None:
    """A document that cannot be merged is named, with how often it was tried and when it is again."""
    redis, document = connect(strict.redis_url), f"{uuid4()}/poisoned"
    try:
        later = int(time.time()) + 600
        tried: Any = redis.hset(keys.ATTEMPTS, mapping={document: f"4 {later}", f"{uuid4()}/busy": f"2 {later}"})
        await tried
        (failing,) = jobs_of(strict, admin)["failing_snapshots"]
        assert (failing["document"], failing["attempts"]) == (document, 4)
        assert jobs_of(strict, admin, "?queue=webhooks")["failing_snapshots"] == []
    finally:
        await redis.delete(keys.ATTEMPTS)
        await redis.aclose(close_connection_pool=True)


def test_a_worker_that_died(strict: Stack, admin: str) -> None:
    """It is shown as gone beside the one that took its place; without any the instance is not healthy."""
    wait_for(lambda: worker_of(strict, admin), "the worker")
    old = strict.kill("worker-1")
    strict.wait_restarted("worker-1", old)

    def both() -> Any:
        workers = workers_of(strict, admin)
        return workers if {worker["alive"] for worker in workers} == {True, False} else None

    workers = wait_for(both, "both workers", within=60)
    assert [worker["name"] for worker in workers] == ["worker-1", "worker-1"]
    assert strict.call("/api/admin/health", token=admin, expect=200).body["healthy"]
    strict.pause("worker-1")
    try:
        health = "/api/admin/health"
        wait_for(lambda: not strict.call(health, token=admin, expect=200).body["healthy"], "no worker", within=60)
    finally:
        strict.resume("worker-1")


def test_rate_limits(strict: Stack, admin: str) -> None:
    """What holds, with ATRIUM_RATE_FACTOR, and who is at it: whichever gateway refused them, and whoever asks."""
    guess = {"email": f"{uuid4()}@example.com", "password": "a dozen blue herons"}
    for _ in range(GUESSES):
        strict.call("/api/auth/login", json_body=guess, gateway=1, expect=401)
    for _ in range(3):
        strict.call("/api/auth/login", json_body=guess, gateway=1, expect=429)
    said = strict.call("/api/admin/rate-limits", token=admin, gateway=0, expect=200).body
    assert (said["factor"], said["silent"]) == (FACTOR, [])
    assert said["tiers"]["read"]["free"] == [{"count": 40, "seconds": 10}, {"count": 600, "seconds": 300}]
    assert set(said["tiers"]["write"]) == {"guest", "free", "pro", "enterprise"}
    assert said["addresses"]["register"][0] == {"count": 6, "seconds": 60}
    assert said["accounts"]["login"][0] == {"count": GUESSES, "seconds": 300}
    (at,) = [each for each in said["at_limit"] if each["who"] == "account"]
    assert (at["limit"], at["gateway"], at["refused"]) == ("login", "gateway-2", 3)
    assert at["at"] < at["until"]
    assert guess["email"] not in str(said)
