-- What happened: written in the transaction that made it happen, told to everybody afterwards.

CREATE TABLE happenings (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text NOT NULL,                 -- 'project:{id}', 'user:{id}', 'access' (see store/happenings.py)
    kind       text NOT NULL,                 -- 'project.updated', 'file.created', …
    project_id uuid,                          -- no foreign keys: what happened outlives whom it happened to
    file_id    uuid,
    actor_id   uuid,
    data       jsonb NOT NULL DEFAULT '{}',
    at         timestamptz NOT NULL DEFAULT now(),
    told       boolean NOT NULL DEFAULT false -- it is in the topic's log
);
CREATE INDEX happenings_untold ON happenings (id) WHERE NOT told;
CREATE INDEX happenings_by_project ON happenings (project_id, id);
CREATE INDEX happenings_by_file ON happenings (file_id, id);

CREATE TABLE audit_log (                      -- security-relevant acts, for administrators
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    act        text NOT NULL,                 -- 'login.failed', 'member.removed', …
    actor_id   uuid,
    subject    text NOT NULL DEFAULT '',      -- what it was done to: 'user:{id}', 'project:{id}', …
    address    text NOT NULL DEFAULT '',      -- the client's
    request_id text NOT NULL DEFAULT '',
    details    jsonb NOT NULL DEFAULT '{}'    -- never a secret
);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id);
CREATE INDEX audit_log_by_act ON audit_log (act, id);
