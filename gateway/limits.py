"""Every limit of the gateway's REST side, with its unit and reason; the rooms have their own."""

from typing import Final

BODY_BYTES: Final = 64 * 1024  # of a JSON body: the largest of today has one name of 200 characters
URL_BYTES: Final = 8190  # of a request line: nginx' own default; a token takes about 400

BUCKETS: Final = 20_000  # addresses or users remembered by one limit, about 200 bytes each

TURNED_AWAY: Final = 1_000  # of them remembered as refused lately, for administrators, about 300 bytes each

SESSION_SECONDS: Final = 30 * 24 * 3600  # without a refresh: who comes back within a month is still signed in
SESSION_LONGEST_SECONDS: Final = 180 * 24 * 3600  # whatever is refreshed; not of guests, who could not sign in again
SESSIONS: Final = 50  # of one account at once, 300 bytes each; the oldest ends for another
ACCESS_TOKEN_SECONDS: Final = 15 * 60  # what a stolen one is good for; a refresh takes a few milliseconds
REFRESH_GRACE_SECONDS: Final = 30.0  # that a slow request takes: so much later may another tab's same token come
SEEN_SECONDS: Final = 60.0  # between two notes of when a session was last seen: one write a minute
FRESH_SECONDS: Final = 600  # how long a sign-in stands for the password of who has none
ROOM_TOKEN_SECONDS: Final = 12 * 3600  # an editor left open over a day reconnects with the token it has
PROVED_TOKENS: Final = 10_000  # remembered as genuine by one gateway: some 600 bytes each
TOKEN_BYTES: Final = 4_096  # ours take 400, or 2,000 with a name of 100 emoji; longer ones are not read

PASSWORD_THREADS: Final = 2  # 19 MB and a core each while they hash
PASSWORD_QUEUE: Final = 100  # some three seconds of hashing; past it 503
PLATFORM_TOKENS: Final = 100  # of one account: each machine gets its own
PLATFORM_TOKEN_SECONDS: Final = 366 * 24 * 3600  # the longest that one lasts: a year, and a day to replace it
VERIFY_SECONDS: Final = 24 * 3600  # for the link in a mail that verifies an address
RESET_SECONDS: Final = 3600  # for the link in a mail that sets a new password
OAUTH_SECONDS: Final = 600  # between leaving for GitHub and coming back
OAUTH_ANSWER_SECONDS: Final = 10.0  # for each answer of GitHub's
OAUTH_ANSWER_BYTES: Final = 256 << 10  # a profile takes 2 kB, a hundred addresses 10
MAIL_QUEUE: Final = 1_000  # mails that wait to be sent, 1 kB each; past it they are dropped, and asked for again
MAIL_TRIES: Final = 4  # of one mail, with pauses of MAIL_PAUSE_SECONDS, twice that, and so on
MAIL_PAUSE_SECONDS: Final = 5.0
MAIL_SECONDS: Final = 20.0  # for the whole talk with the mail server
MAIL_LAST_SECONDS: Final = 3.0  # that what waits gets when the process stops
MAIL_FILES: Final = 1_000  # kept in the folder of mails; then the oldest go

ACCESS_CACHE_SECONDS: Final = 3.0  # how long a revoked role may still open a document
ACCESS_CACHE_ENTRIES: Final = 20_000  # about 300 bytes each
EXISTENCE_GRACE_SECONDS: Final = 600.0  # how long a known project opens by room token while PostgreSQL is away
EXISTENCE_WAIT_SECONDS: Final = 0.25  # for PostgreSQL to confirm such a project, before its word is not needed
RECHECK_BATCH: Final = 200  # live things asked about in one question: 3 ms of PostgreSQL
RECHECK_APPLY: Final = 20  # of them told in one go: closing one costs 0.1 ms
RECHECK_PAUSE_SECONDS: Final = 0.05  # between two such questions that no change asks for: 4,000 connections in a second
RECHECK_WAIT_SECONDS: Final = 0.2  # before PostgreSQL is asked again after it did not answer
RECHECK_SECONDS: Final = 300.0  # everybody is looked at so often, should a network have swallowed an announcement

CHECK_SECONDS: Final = 2.0  # for each question of /readyz; load balancers ask every few seconds
IN_FLIGHT_SECONDS: Final = 3.0  # that REST requests get to finish when the process stops
BACKLOG: Final = 1_024  # connections waiting to be accepted: a thousand clients may come back at once
RETRY_AFTER_SECONDS: Final = 2  # told to clients when a store is away

# Plain HTTP connections (porch.py); a WebSocket leaves the porch with its handshake.
HEAD_SECONDS: Final = 20.0  # for a whole request head, from the connection's start or its first byte: nginx gives 60
BODY_WINDOW_SECONDS: Final = 30.0  # in each of these a body brings BODY_WINDOW_BYTES: a bad mobile line stalls for ten
BODY_WINDOW_BYTES: Final = 8 * 1024  # or has ended: 270 bytes a second, as Kestrel asks
ANSWER_STALL_SECONDS: Final = 60.0  # that a client may leave an answer unread: nginx' own default
HTTP_CONNECTIONS: Final = 8_192  # in one process, 10.6 kB each; past it the longest idle one goes, or the newcomer
PORCH_LOOK_SECONDS: Final = 1.0  # between two looks at all of them
