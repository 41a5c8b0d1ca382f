-- POSTs that carried an Idempotency-Key, and what they were answered, for a day.

CREATE TABLE repeats (
    subject     uuid NOT NULL,                 -- the user
    key         text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,                -- SHA-256 of method, path and body
    begun_at    timestamptz NOT NULL DEFAULT now(),
    status      integer,                       -- null: not answered yet, or its process died
    headers     jsonb,
    body        bytea,
    PRIMARY KEY (subject, key)
);
CREATE INDEX repeats_by_age ON repeats (begun_at);
