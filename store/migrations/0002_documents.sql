-- Live documents: their latest snapshot, and the records that snapshots have absorbed.

CREATE TABLE documents (
    name        text PRIMARY KEY,                -- {project}/{path}
    project_id  uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    path        text NOT NULL,
    number      bigint NOT NULL DEFAULT 0,       -- the snapshot holds all records up to this one
    previous    bigint NOT NULL DEFAULT 0,       -- the snapshot before it; the log is kept from there on
    state       bytea NOT NULL DEFAULT '',       -- Yjs update v1; empty before the first snapshot
    parked      boolean NOT NULL DEFAULT true,   -- the log left Redis on purpose; false and no log: it was lost
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project_id, path)
);
ALTER TABLE documents ALTER COLUMN state SET STORAGE EXTERNAL;  -- Yjs updates hardly compress; spare the CPU

CREATE TABLE document_records (                  -- who wrote what, and when: history outlives the log
    document    text NOT NULL REFERENCES documents (name) ON DELETE CASCADE,
    first       bigint NOT NULL,
    last        bigint NOT NULL,
    records     bytea NOT NULL,                  -- zlib over the log's own encoding (schemas/records.py)
    PRIMARY KEY (document, last)
);
