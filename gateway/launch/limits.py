"""Every wait of the launcher, in seconds unless named otherwise, with its reason. Used by all files beside it."""

# A child that dies comes back at once, then ever more slowly: a crash loop must not eat the machine.
RESTART_FIRST = 0.2
RESTART_MOST = 5.0
RESTART_RESET_AFTER = 10.0  # alive this long: the next death counts as the first

# Stopping: the parts add up to less than the 20 s that `up` promises.
STOP_GATEWAY = 9.0  # they drain for up to 8 s
STOP_AI = 9.0  # answers may finish for 6 s; at the same time as the gateways
STOP_WORKER = 4.0
STOP_VALKEY = 3.0
STOP_POSTGRES = 3.5
STOP_HURRIED = 0.5  # after a second Ctrl-C

# Starting.
START_SERVER = 60.0  # a PostgreSQL that replays its log, a Valkey that loads a large file
START_READY = 120.0  # until every gateway answers /readyz
MIGRATE = 300.0  # a migration may rewrite a large table
START_ATTEMPTS = 7  # deaths before a child was ever ready, after which `up` gives up: 11 s with the back-off
PROBE = 2.0  # one question to one server
ANSWER_BYTES = 65_536  # of a gateway's answer to it: it has some hundred
PROBE_PAUSE = 0.05  # between two questions

LEFTOVER_END = 10.0  # a killed predecessor's children, before they are killed

LOG_BYTES = 10_000_000  # a log larger than this is set aside, as NAME.log.1: two of them are the most that is kept
LOG_LOOK = 5.0  # between two looks at their sizes: a gateway writes at most some MB a second
REASON_BYTES = 8_192  # of a log's end in which the reason for a failure is looked for
OPEN_FILES = 65_536  # wanted soft limit: a gateway holds thousands of sockets
SOCKET_PATH_BYTES = 100  # sun_path is 104 bytes on macOS and 108 on Linux, with the final zero
