-- Collaboration sessions: a name for a time that people spend together in a project. Who is there now is known to the
-- gateways (store/here.py); here stands who said so, and when.

CREATE TABLE collab_sessions (
    id         uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended')),
    started_by uuid REFERENCES users ON DELETE SET NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz CHECK ((ended_at IS NULL) = (status = 'active')),
    version    integer NOT NULL DEFAULT 1
);
CREATE INDEX collab_sessions_by_project ON collab_sessions (project_id, id);
CREATE INDEX collab_sessions_active ON collab_sessions (project_id, id) WHERE status = 'active';
CREATE INDEX collab_sessions_by_starter ON collab_sessions (started_by);

CREATE TABLE collab_participants (
    session_id   uuid NOT NULL REFERENCES collab_sessions ON DELETE CASCADE,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role         text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'commenter', 'viewer')),
    joined_at    timestamptz NOT NULL DEFAULT now(),
    left_at      timestamptz,                       -- they said so; who only lost the connection has not left
    last_seen_at timestamptz NOT NULL DEFAULT now(), -- when they joined, left, or their last connection ended
    PRIMARY KEY (session_id, user_id)
);
CREATE INDEX collab_participants_by_user ON collab_participants (user_id);
