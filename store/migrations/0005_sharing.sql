-- Projects that are described, shared, invited to, and found again.

ALTER TABLE projects
    ADD COLUMN description  text NOT NULL DEFAULT '' CHECK (char_length(description) <= 5000),
    ADD COLUMN kind         text NOT NULL DEFAULT 'code',
    ADD COLUMN visibility   text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'unlisted', 'public')),
    ADD COLUMN preview_html text,
    ADD COLUMN settings     jsonb NOT NULL DEFAULT '{}';
ALTER TABLE project_members ADD COLUMN invited_by uuid REFERENCES users ON DELETE SET NULL;

CREATE TABLE project_invites (
    id         uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,                          -- SHA-256
    email      text NOT NULL,
    role       text NOT NULL CHECK (role IN ('admin', 'editor', 'commenter', 'viewer')),
    invited_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    accepted_by uuid REFERENCES users ON DELETE SET NULL,
    accepted_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX project_invites_by_project ON project_invites (project_id);
