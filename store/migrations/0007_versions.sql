-- What documents and projects were, to be seen and restored; and who wrote which part of a text.

CREATE TABLE document_versions (
    document   text NOT NULL REFERENCES documents (name) ON DELETE CASCADE,
    seq        integer NOT NULL,                          -- 1, 2, 3 … of its document
    number     bigint NOT NULL,                           -- the state holds all records up to this one
    state      bytea NOT NULL,                            -- Yjs update v1; compressed by PostgreSQL itself
    parts      bytea NOT NULL DEFAULT '',                 -- where the state may be cut (rooms/parts.py)
    name       text CHECK (char_length(name) BETWEEN 1 AND 200),  -- null: made by itself, thinned out with age
    kept       boolean NOT NULL DEFAULT false,            -- of a project's version: never thinned out
    created_by uuid REFERENCES users ON DELETE SET NULL,  -- who named it
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document, seq)
);
CREATE INDEX document_versions_by_number ON document_versions (document, number);
CREATE INDEX document_versions_by_age ON document_versions (created_at) WHERE name IS NULL AND NOT kept;
CREATE INDEX document_versions_by_creator ON document_versions (created_by);  -- for ON DELETE SET NULL

ALTER TABLE documents
    ADD COLUMN last_seq          integer NOT NULL DEFAULT 0,   -- of its versions
    ADD COLUMN versioned_number  bigint NOT NULL DEFAULT 0,    -- of its latest version
    ADD COLUMN unversioned_since timestamptz;                  -- the first snapshot behind that version; null: none
CREATE INDEX documents_unversioned ON documents (unversioned_since) WHERE unversioned_since IS NOT NULL;
UPDATE documents SET unversioned_since = now() WHERE number > 0;

CREATE TABLE project_versions (
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    seq        integer NOT NULL,                          -- 1, 2, 3 … of its project
    name       text CHECK (char_length(name) BETWEEN 1 AND 200),
    files      integer NOT NULL,
    created_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, seq)
);
CREATE INDEX project_versions_by_creator ON project_versions (created_by);

CREATE TABLE project_version_files (                      -- the manifest: what was where
    project_id   uuid NOT NULL,
    seq          integer NOT NULL,
    path         text COLLATE "C" NOT NULL,
    file_id      uuid NOT NULL,                           -- no foreign key: a file may be gone for good by now
    document     text,
    document_seq integer,                                 -- of a text: which of its versions
    blob         bytea REFERENCES blobs,                  -- of a binary file
    media_type   text NOT NULL,
    size         bigint NOT NULL,
    PRIMARY KEY (project_id, seq, path),
    FOREIGN KEY (project_id, seq) REFERENCES project_versions ON DELETE CASCADE,
    CHECK ((document IS NULL) = (document_seq IS NULL))
);
CREATE INDEX project_version_files_by_blob ON project_version_files (blob) WHERE blob IS NOT NULL;

CREATE TABLE document_authors (                           -- who wrote what is in a document's text now
    document text PRIMARY KEY REFERENCES documents (name) ON DELETE CASCADE,
    number   bigint NOT NULL,                             -- as of this record
    packed   bytea NOT NULL                               -- rooms/authors.py
);
