-- What AI answers take. Money is whole billionths of a USD. Days are those of UTC.

-- What is set aside for an answer, from the request until its stream ends, in the transactions of both: a stream that
-- goes takes it along, and a worker that dies leaves nothing behind (workers/ai/desk.py ends what it was answering).
CREATE TABLE ai_holds (
    stream_id  uuid PRIMARY KEY REFERENCES streams (id) ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id uuid,
    own_key    boolean NOT NULL,              -- by a key of the user's own: nothing else may be used
    input      bigint NOT NULL,               -- tokens of the question, an upper estimate
    tokens     bigint NOT NULL,               -- of the answer too
    nano_usd   bigint NOT NULL CHECK (nano_usd >= 0)
);
CREATE INDEX ai_holds_by_user ON ai_holds (user_id);
CREATE INDEX ai_holds_by_project ON ai_holds (project_id) WHERE project_id IS NOT NULL;

-- One line for each answer, written once, with the price of that moment. It outlives what it names.
CREATE TABLE ai_usage (
    stream_id  uuid PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    user_id    uuid NOT NULL,
    project_id uuid,
    model      text NOT NULL,
    own_key    boolean NOT NULL,
    status     text NOT NULL,
    input      bigint NOT NULL,
    output     bigint NOT NULL,
    reasoning  bigint NOT NULL,
    cached     bigint NOT NULL,
    estimated  boolean NOT NULL,              -- the provider did not say all of it
    nano_usd   bigint NOT NULL,
    charged_by text NOT NULL CHECK (charged_by IN ('provider', 'price', 'assumption')),
    price      jsonb                          -- USD per million tokens, and since when
);
CREATE INDEX ai_usage_by_user ON ai_usage (user_id, at DESC, stream_id DESC);

-- Sums of the lines, by user and by project.
CREATE TABLE ai_days (
    subject    uuid NOT NULL,                 -- a user or a project
    day        date NOT NULL,
    requests   bigint NOT NULL DEFAULT 0,
    tokens     bigint NOT NULL DEFAULT 0,     -- by the server's key
    nano_usd   bigint NOT NULL DEFAULT 0,     -- by the server's key
    own_tokens bigint NOT NULL DEFAULT 0,
    own_nano_usd bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (subject, day)
);

-- What a project may spend in a day with the server's key, all its people together; without a line, what they may.
CREATE TABLE ai_project_budgets (
    project_id uuid PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    nano_usd   bigint NOT NULL CHECK (nano_usd >= 0)
);
