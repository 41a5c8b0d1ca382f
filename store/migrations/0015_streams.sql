-- AI answers. A stream is one answer of a model: what was asked, its state, and in the end its text and what it took.
-- While it runs, its text stands in the log `stream:{id}` alone (store/event_log.py).
CREATE TABLE streams (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id uuid REFERENCES projects (id) ON DELETE CASCADE,
    request_id text,
    asked jsonb NOT NULL,
    log_begin bigint NOT NULL,
    status text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    worker text,
    model text,
    why text,
    text text NOT NULL DEFAULT '',
    thought text NOT NULL DEFAULT '',
    reason text,
    usage jsonb,
    error jsonb,
    cancel_asked boolean NOT NULL DEFAULT false,
    told boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    first_token_at timestamptz,
    ended_at timestamptz
);

-- A repeated request gets the stream that it began, never a second bill.
CREATE UNIQUE INDEX streams_by_request ON streams (user_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX streams_of_project ON streams (project_id);
CREATE INDEX streams_queued ON streams (created_at) WHERE status = 'queued';
CREATE INDEX streams_running ON streams (worker) WHERE status = 'running';
CREATE INDEX streams_untold ON streams (ended_at) WHERE ended_at IS NOT NULL AND NOT told;
