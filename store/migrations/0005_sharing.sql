-- Projects that are described, shared, invited to, and found again.

ALTER TABLE projects
    ADD COLUMN description  text NOT NULL DEFAULT '' CHECK (char_length(description) <= 5000),
    ADD COLUMN kind         text NOT NULL DEFAULT 'code',
    ADD COLUMN visibility   text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'unlisted', 'public')),
    ADD COLUMN preview_html text,
    ADD COLUMN settings     jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN words        text[] NOT NULL DEFAULT '{}';      -- of name and description (store/search_words.py)
UPDATE projects SET words = array_remove(regexp_split_to_array(lower(name), '\W+'), '');
CREATE INDEX projects_in_gallery ON projects (updated_at DESC, id DESC)
    WHERE visibility = 'public' AND deleted_at IS NULL;
CREATE INDEX projects_to_remove ON projects (deleted_at) WHERE deleted_at IS NOT NULL;

-- The project_… columns repeat what the project says, so that one index gives the pages of somebody who has 100,000
-- projects in the order asked for. Triggers keep them, whoever writes either table.
ALTER TABLE project_members
    ADD COLUMN invited_by         uuid REFERENCES users ON DELETE SET NULL,
    ADD COLUMN project_updated_at timestamptz,
    ADD COLUMN project_deleted_at timestamptz,
    ADD COLUMN project_name       text COLLATE "C";            -- in lower case
UPDATE project_members
    SET project_updated_at = projects.updated_at, project_deleted_at = projects.deleted_at, project_name = lower(name)
    FROM projects WHERE projects.id = project_members.project_id;
ALTER TABLE project_members
    ALTER COLUMN project_updated_at SET NOT NULL,
    ALTER COLUMN project_name SET NOT NULL;
DROP INDEX project_members_by_user;
CREATE INDEX project_members_by_user ON project_members (user_id, project_id DESC);    -- ids sort by creation
CREATE INDEX project_members_by_update ON project_members (user_id, project_updated_at DESC, project_id DESC)
    WHERE project_deleted_at IS NULL;
CREATE INDEX project_members_by_name ON project_members (user_id, project_name, project_id)
    WHERE project_deleted_at IS NULL;
CREATE INDEX project_members_by_deletion ON project_members (user_id, project_deleted_at DESC, project_id DESC)
    WHERE project_deleted_at IS NOT NULL AND role = 'owner';

CREATE FUNCTION copy_project_to_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT updated_at, deleted_at, lower(name)
        INTO NEW.project_updated_at, NEW.project_deleted_at, NEW.project_name
        FROM projects WHERE id = NEW.project_id;
    RETURN NEW;
END $$;
CREATE TRIGGER copy_project BEFORE INSERT ON project_members
    FOR EACH ROW EXECUTE FUNCTION copy_project_to_member();

CREATE FUNCTION copy_project_to_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE project_members
        SET project_updated_at = NEW.updated_at, project_deleted_at = NEW.deleted_at, project_name = lower(NEW.name)
        WHERE project_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER copy_to_members AFTER UPDATE OF updated_at, deleted_at, name ON projects
    FOR EACH ROW WHEN ((OLD.updated_at, OLD.deleted_at, OLD.name) IS DISTINCT FROM (NEW.updated_at, NEW.deleted_at, NEW.name))
    EXECUTE FUNCTION copy_project_to_members();

-- What a project is found by: its words, and marks that no word begins: ':k:code', ':v:public', and of each member
-- ':u:{user}' and ':r:owner:{user}'. One index over all of it finds the few that a filter leaves of many.
CREATE TABLE project_search (
    project_id uuid PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
    words      tsvector NOT NULL
);
CREATE INDEX project_search_words ON project_search USING gin (words);

-- Whoever writes a project without its words, such as an import by SQL, has it found by plain ones.
CREATE FUNCTION search_imported_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words := array_remove(regexp_split_to_array(lower(NEW.name || ' ' || NEW.description), '\W+'), '');
    RETURN NEW;
END $$;
CREATE TRIGGER search_imported BEFORE INSERT ON projects
    FOR EACH ROW WHEN (NEW.words = '{}') EXECUTE FUNCTION search_imported_project();

CREATE FUNCTION search_project(project uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO project_search (project_id, words)
    SELECT id, array_to_tsvector(
        words || ARRAY[':k:' || kind, ':v:' || visibility]
        || ARRAY(SELECT ':u:' || user_id FROM project_members WHERE project_id = project)
        || ARRAY(SELECT ':r:' || role || ':' || user_id FROM project_members WHERE project_id = project))
    FROM projects WHERE id = project
    ON CONFLICT (project_id) DO UPDATE SET words = excluded.words
$$;
CREATE FUNCTION search_changed_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_project(NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION search_changed_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_project(CASE WHEN TG_OP = 'DELETE' THEN OLD.project_id ELSE NEW.project_id END);
    RETURN NULL;
END $$;
CREATE TRIGGER search_made AFTER INSERT ON projects
    FOR EACH ROW EXECUTE FUNCTION search_changed_project();
CREATE TRIGGER search_changed AFTER UPDATE OF words, kind, visibility ON projects
    FOR EACH ROW WHEN ((OLD.words, OLD.kind, OLD.visibility) IS DISTINCT FROM (NEW.words, NEW.kind, NEW.visibility))
    EXECUTE FUNCTION search_changed_project();
CREATE TRIGGER search_member AFTER INSERT OR DELETE OR UPDATE OF role ON project_members
    FOR EACH ROW EXECUTE FUNCTION search_changed_member();
SELECT search_project(id) FROM projects;

CREATE TABLE project_invites (
    id          uuid PRIMARY KEY,
    project_id  uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    token_hash  bytea NOT NULL UNIQUE,                         -- SHA-256
    email       text CHECK (char_length(email) BETWEEN 3 AND 254),  -- only its verified owner may accept; null: anybody
    role        text NOT NULL CHECK (role IN ('admin', 'editor', 'commenter', 'viewer')),
    invited_by  uuid REFERENCES users ON DELETE SET NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    accepted_by uuid REFERENCES users ON DELETE SET NULL,
    accepted_at timestamptz,
    revoked_at  timestamptz
);
CREATE INDEX project_invites_by_project ON project_invites (project_id, id DESC);
CREATE INDEX project_invites_open ON project_invites (project_id, invited_by)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
