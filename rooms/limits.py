"""Every limit of a live document, with its unit, reason and answer. Connections: gateway/sockets/limits.py."""

# Sizes, in bytes.
UPDATE_MAX = 32 << 20
"""One update. A first sync of a 20 MB document must pass. Answer: close 1009."""
DOCUMENT_MAX = 64 << 20
"""Encoded size of one document; PostgreSQL and one frame can still carry it. Answer: close 1009."""
PRESENCE_STATE_MAX = 16 << 10
"""One client's presence: a name, a colour, cursors; not a file. Answer: close 1009."""
PRESENCE_MESSAGE_MAX = 1 << 20
"""All states of one presence message, in and out. Answer: close 1009; what the server sends is cut into several."""
STATE_VECTOR_MAX = 1 << 20
"""What a client says that it has: some 100,000 others whose edits it knows. Answer: close 1009."""
ADDRESS_MAX = 2 << 10
"""A Hocuspocus address: a document's name and a session id. Answer: close 4400."""

# Counts.
PEERS_PER_DOCUMENT = 5_000
"""One fan-out must stay well below 50 ms of the loop. Answer: close 1013."""
PRESENCE_CLIENTS_PER_PEER = 16
"""Presence ids that one connection may own (a provider has one). Answer: close 4400."""
PRESENCE_STATES_MAX = 5_000
"""States of one presence message, 2 us each: old clients repeat all that they hear, so a whole room must pass. Answer:
close 4400; what the server sends is cut into several."""
PRESENCE_STATES_PER_FRAME = 16
"""States that count as much as one message against a connection's messages a second. Answer: it is read more slowly."""
FAILED_RECORDS_MAX = 16
"""Records of one document that are left out because they cannot be merged: it is begun anew for each. Answer: 1011."""
MERGE_MAX = 64
"""Updates merged into one frame; senders get a frame without their own, so the work is quadratic in this."""
RECEIPTS_MAX = 10_000
"""Messages of one document that wait to be acknowledged one by one. Answer: those of each peer become one."""
RECEIPT_BYTES_MAX = 64 << 20
"""Their edits, which are owed to who wrote them: as much as a document may have. The same answer."""
RECEIPT_BYTES_KEPT = 1 << 20
"""Of them, what is merged then: 60 ms at worst. What is more is acknowledged, and not sent back."""
AHEAD_MAX = 256
"""Commits of others that wait for one before them. Answer: the log is read."""
WHOLE_STATES_MAX = 4
"""Encoded states of one document kept for joiners, one for each address: up to 64 MB each. Answer: encoded again."""
GAPS_MAX = 1_000
"""Updates of one peer that wait for what they depend on, before its next step 2. Answer: close 4400."""
WAY_BACK_MIN = 64 << 10
"""Bytes of edits kept behind a full state, so that an update that fails half-way can be undone; or the state's size."""
TYPES_NESTED_MAX = 500
"""Levels of shared types in one another, which are deleted by recursion: Yjs throws at 2,500. Answer: close 4400."""
NESTING_MAX = 128
"""Levels of arrays and objects in one value of an update; the CRDT and its clients recurse. Answer: close 4400."""

READ_SLICE = 16 << 10
"""Bytes of an update that are checked in one go: at most some 10 ms. Then other connections get their turn."""
PART_STRUCTS = 4_000
"""Structs of an update that are applied in one go (1 us each); the CRDT itself cannot be interrupted."""
MEND_MAX = 1 << 20
"""Bytes of a document in which an update may split a character of two UTF-16 units: for that the document is made anew
(0.05 to 0.3 s). Answer: close 4400."""
LARGE_AT_ONCE = 4
"""Updates above PART_BYTES that are merged at the same time: each takes a few times its size meanwhile."""
DRAFT_RATIO = 4
"""A document up to so many times as large as an update is made anew beside itself, in slices, to merge the update. A
larger one would cost too much, and merges it in one go."""
PART_BYTES = 1 << 20
"""Their bytes (1 ms), where one struct alone does not have more."""

# Times, in seconds.
MERGE_WINDOW_PER_PEER = 0.000_005
"""After a fan-out, what follows within this time, times the peers, times the updates that just left together, waits and
leaves together. A write costs 6 to 8 us: a quiet or small room waits for nearly nothing, and a busy one merges more."""
MERGE_WINDOW_MAX = 0.008
"""The window in the busiest rooms: more would be felt, and would save little."""
PRESENCE_WINDOW = 0.050
"""The same for presence: cursors are seen within a quarter of a second also with 500 in a room."""
PRESENCE_TIMEOUT = 30.0
"""A state that was not renewed for so long is gone; clients renew every 15 s."""
COMMIT_WINDOW = 0.006
"""Least time between two commits of one process: bounds Redis calls to some 150 a second, and what a "saved" waits."""
UNLOAD_AFTER = 10.0
"""A document stays open so long after its last peer left: reconnects find it warm."""
GAP_PATIENCE = 0.1
"""After so long a missing record is read from the log; mostly it is an own commit whose answer is on its way."""
COMMIT_RETRY_MAX = 1.0
"""Longest pause between attempts to commit while Redis is away."""
OPEN_TIMEOUT = 20.0
"""Opening gives up after this; shorter than the time after which an idle log may leave Redis (store/limits.py)."""

SIZE_PAUSE = 1.0
"""Between two looks how large a document at its limit really is (0.1 s for 64 MB). Answer: what would make it larger
meanwhile is refused, even if something was deleted."""

SLICE_SECONDS = 0.003
"""Long work lets others run as soon as it has held the loop for so long; one part of it may take longer."""
CATCH_UP_AT_ONCE = 8
"""Documents whose logs are read again at the same time, after announcements were missed: fewer than connections."""
PENDING_MAX = 10_000
"""Records of one document that wait while Redis is away, before they are merged into one without an author."""
