"""Limits of the shared stores, with their units and reasons."""

ANNOUNCED_MAX = 64 << 10
"""Bytes of a commit that travel with its announcement; larger ones are read from the log, since Redis drops
subscribers whose output buffer passes 8 MB for a minute."""
READ_PAGE = 200
"""Log entries per call when reading on: at most some 13 MB, typically some 10 kB."""
COMMANDS_POOL = 16
"""Connections for commands of one process; more callers wait."""
POOL_TIMEOUT = 5.0
"""Seconds that a caller waits for a connection."""
COMMAND_TIMEOUT = 10.0
"""Seconds until a command is given up; a commit of 32 MB takes less than one."""
CONNECT_TIMEOUT = 3.0
"""Seconds for a new connection."""
GATEWAY_TTL = 6
"""Seconds after its last sign of life that a gateway counts as gone."""
HEARTBEAT = 2.0
"""Seconds between a gateway's signs of life."""
PARK_AFTER = 600
"""Seconds without a record or an opener after which a log leaves Redis; longer than any opening takes."""
ATTEMPT_PAUSE = 10
"""Seconds from the beginning of an attempt to snapshot to the next, should it not end well; twice as long with each."""
ATTEMPT_PAUSE_MAX = 600
"""The longest: a document that ends the worker does so not more often, and an upgrade that heals it shows soon."""
RELOADS_MAX = 5
"""Times that an opener starts over because snapshots overtook it."""

EVENT_RECORDS_KEPT = 1_000
"""Of one topic: what somebody may have missed while away. Who missed more reads the state anew."""
STREAM_RECORDS_KEPT = 50_000
"""Of an AI stream: more than any answer has, so that whoever comes late reads all of it."""
EVENT_RECORD_SECONDS = 2 * 24 * 3600
"""A topic's log without a new record leaves Redis after this; a laptop asleep over a weekend reads the state anew."""
EVENT_NUMBER_SECONDS = 30 * 24 * 3600
"""Its last number stays longer, some 150 bytes: who is up to date learns that nothing happened."""
EVENT_PAGE = 100
"""Records per read of a topic's log: some 30 kB of happenings."""
EVENT_RECORD_BYTES = 256 << 10
"""Of one record; larger things go by reference."""
UNREAD_COUNTED = 1_000
"""Unread notifications that are counted; nobody reads a larger number than 999+."""
CHANGES_DAYS = 90
"""How far back a client may ask what changed: who was away for a season reads everything again, and is faster so."""
CLAIM_SECONDS = 60
"""A worker's attempt at a delivery; longer than all its timeouts. Then it counts as dead, and another one tries."""
CLAIMS_PER_ENDPOINT = 4
"""Attempts at one endpoint at the same time: one that hangs must not keep the others waiting."""
HAPPENING_CHARACTERS = 32 << 10
"""Of the data of one happening that is told; of a larger one clients learn that it is there."""
TELL_BATCH = 200
"""Happenings told in one transaction: some 60 kB, a few milliseconds."""
TELL_REDIS_SECONDS = 2.0
"""Redis' answer while a transaction waits for it; then it is rolled back, and telling goes on later."""
TELL_LOCK_SECONDS = 3
"""Waiting for another teller; a healthy one takes milliseconds."""
TELL_IDLE_SECONDS = 6
"""PostgreSQL ends the transaction of a teller that was frozen for so long, so that another one can go on."""

FILES_PER_PROJECT = 20_000
"""Live files of one project: a large repository; lists, exports and their archives' tables stay within some MB."""
BLOB_BYTES = 100 << 20
"""Of one binary file: a short video. Kept in PostgreSQL, and so in its backups."""
CHUNK_BYTES = 1 << 20
"""Of a binary file in one row: what a reader or writer of it holds at a time."""
RESTORE_DAYS = 30
"""Days that a deleted file can be restored, and that its old path makes no new file by itself."""
BLOB_KEEP_DAYS = 1
"""Days that bytes which no file has stay after they were put: longer than any request lasts."""
BLOB_LOOK_DAYS = 30
"""Days between two looks whether bytes that some file had still have one."""

LEASE_SECONDS = 30.0
"""Longest turn of one who changes a document as a whole; a process that died in it holds the others up so long."""
LEASE_MARGIN = 10.0
"""The end of a turn in which nothing is changed any more: what was changed must be in the log by then."""
LEASE_WAIT = 15.0
"""Longest wait for a turn. Answer: 503, try again."""
LEASE_LOOK = 0.03
"""Between two looks whether the turn has come."""
PAST_PAGE = 20
"""Rows of a document's history per query; each holds what came within some seconds, mostly some kB."""
PAST_RECORDS = 200_000
"""Records that are read to rebuild what a document was, some 4 us each. Answer: that state is gone."""

HERE_TTL_MS = 1_500
"""Milliseconds after its last sign of life that a gateway's people count as gone: a crash shows within two seconds."""

ANSWER_SECONDS = 1.0
"""That a gateway waits for what the others answer an administrator; a healthy one takes milliseconds."""
ANSWERS_KEPT = 10
"""Seconds that answers lie there, should nobody wait for them any more."""
WORKER_TTL = 15
"""Seconds after its last sign of life that a worker counts as gone: cutting a large snapshot holds it up for ten."""
WORKER_KEPT = 600
"""Seconds that it is shown as gone, before it is forgotten."""
WORKER_HEARTBEAT = 2.0
"""Seconds between a worker's signs of life."""
FAILED_JOBS = 100
"""Of the last jobs that failed, some 200 bytes each."""
FAILED_JOB_SECONDS = 7 * 24 * 3600
"""That they are remembered after the last one."""
JOBS_LISTED = 1_000
"""Jobs of one queue that are looked at: 0.3 ms of Redis. Of more the number is told, and not which are running."""
