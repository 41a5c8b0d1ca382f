"""The names of everything in Redis. One document's keys share a hash tag, so that scripts work on a cluster's node.

atrium:{documents}:log:NAME      stream of commits; the entry's id is `number of its last record`-0
atrium:{documents}:number:NAME   the last number given
atrium:{documents}:dirty         sorted set: document → Unix time since when it has records without a snapshot
atrium:{documents}:logs          sorted set: document → Unix time of its opening, or first record after a snapshot
atrium:{documents}:attempts      hash: document → attempts to snapshot it since one ended well, Unix time of the next
atrium:{documents}:lease:NAME    whose turn it is to change it as a whole
atrium:gateways                  hash: gateway → JSON
atrium:workers                   hash: worker's process → Unix time of its last sign, JSON
atrium:jobs:failed               list of JSON, the latest first
atrium:questions                 channel of questions to all gateways
atrium:answers:ID                list of answers to one of them
atrium:doc:NAME                  channel of announcements
atrium:{events}:log:TOPIC        stream of records; the entry's id is `number`-0
atrium:{events}:number:TOPIC     the last number given
atrium:event:TOPIC               channel of announcements
atrium:{here}:lives              sorted set: life of a gateway's process → Unix time of its last sign, ms
atrium:{here}:life:LIFE          hash: project → who is in its documents there; expires 1.5 s after the last sign
atrium:{models}:lists            hash: AI provider → its models, as an AI worker last heard of them
atrium:{models}:breakers         hash: AI provider or model → its circuit breaker
atrium:{models}:experience       hash: category and AI model → what was seen of it
atrium:{models}:turn:PROVIDER    a worker is refreshing them
atrium:{answers}:HASH            an answer that may be given again to who asked
atrium:{streams}:queue           list of AI streams to answer
atrium:{streams}:workers         sorted set: AI worker → Unix time of its last sign of life
atrium:{streams}:cancels         channel of streams to cancel
atrium:{streams}:key-tests       list of keys of users to test
atrium:{streams}:key-test:TEST   list with the verdict of one test
atrium:{rates}:SUBJECT:SECONDS   theoretical arrival time of one rate limit's window
"""

DIRTY = "atrium:{documents}:dirty"
LOGS = "atrium:{documents}:logs"
ATTEMPTS = "atrium:{documents}:attempts"
GATEWAYS = "atrium:gateways"
WORKERS = "atrium:workers"
FAILED_JOBS = "atrium:jobs:failed"
QUESTIONS = "atrium:questions"
JOB_IN_PROGRESS = "arq:in-progress:"
"""arq's own: somebody is at the job of this id."""
CHANNEL = "atrium:doc:"
EVENT_CHANNEL = "atrium:event:"
LIVES = "atrium:{here}:lives"
EXPERIENCE = "atrium:{models}:experience"
BREAKERS = "atrium:{models}:breakers"
MODEL_LISTS = "atrium:{models}:lists"
STREAM_QUEUE = "atrium:{streams}:queue"
STREAM_WORKERS = "atrium:{streams}:workers"
STREAM_CANCELS = "atrium:{streams}:cancels"
KEY_TESTS = "atrium:{streams}:key-tests"


def log(name: str) -> str:
    return f"atrium:{{documents}}:log:{name}"


def number(name: str) -> str:
    return f"atrium:{{documents}}:number:{name}"


def channel(name: str) -> str:
    return CHANNEL + name


def event_log(topic: str) -> str:
    return f"atrium:{{events}}:log:{topic}"


def event_number(topic: str) -> str:
    return f"atrium:{{events}}:number:{topic}"


def event_channel(topic: str) -> str:
    return EVENT_CHANNEL + topic


def life(name: str) -> str:
    return f"atrium:{{here}}:life:{name}"


def answers(question_id: str) -> str:
    return f"atrium:answers:{question_id}"


def rate(subject: str, seconds: int) -> str:
    return f"atrium:{{rates}}:{subject}:{seconds}"


def lease(name: str) -> str:
    return f"atrium:{{documents}}:lease:{name}"


def model_turn(provider: str) -> str:
    return f"atrium:{{models}}:turn:{provider}"


def key_verdict(test: object) -> str:
    return f"atrium:{{streams}}:key-test:{test}"


def answer(question: str) -> str:
    return f"atrium:{{answers}}:{question}"
