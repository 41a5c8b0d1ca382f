-- Files: what a project's people see, by path. A text file's live document is found by its own name, which is only a key
-- from now on: renaming a file leaves its document, and everybody in it, alone.

CREATE TABLE blobs (                                      -- contents of binary files, each once, whoever has it
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),       -- SHA-256
    size       bigint NOT NULL,
    whole      boolean NOT NULL DEFAULT false,            -- all chunks are there
    look_at    timestamptz NOT NULL DEFAULT now() + interval '1 day'    -- then it goes, if no file has it
);
CREATE INDEX blobs_by_look ON blobs (look_at);

CREATE TABLE blob_chunks (                                -- about 1 MB each, so that they stream
    hash   bytea NOT NULL REFERENCES blobs ON DELETE CASCADE,
    number integer NOT NULL,
    bytes  bytea NOT NULL,
    PRIMARY KEY (hash, number)
);
ALTER TABLE blob_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;  -- images and archives do not compress again

CREATE TABLE files (
    id         uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    path       text COLLATE "C" NOT NULL CHECK (octet_length(path) BETWEEN 1 AND 1024),
    kind       text NOT NULL CHECK (kind IN ('text', 'binary')),
    document   text UNIQUE REFERENCES documents (name) ON DELETE CASCADE,
    blob       bytea REFERENCES blobs,                    -- of a binary file; null: no bytes yet
    media_type text NOT NULL,
    size       bigint NOT NULL DEFAULT 0,                 -- bytes; of a text as of its last snapshot
    version    integer NOT NULL DEFAULT 1,
    created_by uuid REFERENCES users ON DELETE SET NULL,
    updated_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CHECK ((kind = 'text') = (document IS NOT NULL)),
    CHECK (kind = 'binary' OR blob IS NULL)
);
CREATE UNIQUE INDEX files_by_path ON files (project_id, path) WHERE deleted_at IS NULL;
CREATE INDEX files_deleted_by_path ON files (project_id, path, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX files_by_deletion ON files (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX files_by_blob ON files (blob) WHERE blob IS NOT NULL;
CREATE INDEX files_by_creator ON files (created_by);      -- for ON DELETE SET NULL
CREATE INDEX files_by_changer ON files (updated_by);

-- How many live files a project has. Whoever adds, moves or removes one holds this row: so no two of them decide at the
-- same moment that a path is free.
CREATE TABLE file_counts (
    project_id uuid PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
    live       integer NOT NULL
);

-- Where a file was before it was moved or deleted. An editor left open there must not make a new file by coming back.
CREATE TABLE former_paths (
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    path       text COLLATE "C" NOT NULL,
    file_id    uuid NOT NULL,
    left_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, path)
);
CREATE INDEX former_paths_by_age ON former_paths (left_at);

-- Who edited which document when: runs of records of one author, made by the worker that absorbs them.
CREATE TABLE edit_runs (
    id         uuid PRIMARY KEY,
    document   text NOT NULL REFERENCES documents (name) ON DELETE CASCADE,
    project_id uuid NOT NULL,
    author     uuid NOT NULL,
    began_at   timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL,
    edits      integer NOT NULL
);
CREATE INDEX edit_runs_by_project ON edit_runs (project_id, began_at, id);
CREATE INDEX edit_runs_by_document ON edit_runs (document, began_at, id);
CREATE INDEX edit_runs_by_author ON edit_runs (document, author, ended_at);

-- What exists already.
INSERT INTO files (id, project_id, path, kind, document, media_type, size, created_at, updated_at)
SELECT gen_random_uuid(), project_id, path, 'text', name, 'text/plain', 0, created_at, updated_at FROM documents;
INSERT INTO file_counts (project_id, live) SELECT project_id, count(*) FROM files GROUP BY project_id;

ALTER TABLE documents DROP COLUMN path;                        -- and with it UNIQUE (project_id, path)
CREATE INDEX documents_by_project ON documents (project_id);  -- for ON DELETE CASCADE
