-- Edits that models made in live texts: what it takes to undo one. The stream says who asked and how it ended.
CREATE TABLE ai_edits (
    stream_id uuid PRIMARY KEY REFERENCES streams (id) ON DELETE CASCADE,
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    document text NOT NULL,
    client bigint NOT NULL,
    aim jsonb NOT NULL,
    undone_at timestamptz
);

CREATE INDEX ai_edits_of_project ON ai_edits (project_id);
