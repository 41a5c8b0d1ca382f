-- What a client that was away missed, in an order in which nothing appears behind what was shown already.
--
-- Ids are given when a row is written, but rows appear when their transaction commits: a lower id may appear after a
-- higher one was read. Ordered by transaction, and read only up to the oldest one that still runs, nothing is missed.

ALTER TABLE happenings ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX happenings_settled ON happenings (topic, tx, id);

ALTER TABLE documents ADD COLUMN changed_tx xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX documents_settled ON documents (project_id, changed_tx, name);

CREATE FUNCTION note_changed_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_tx := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER note_changed BEFORE UPDATE OF number ON documents
    FOR EACH ROW WHEN (OLD.number <> NEW.number) EXECUTE FUNCTION note_changed_document();

-- Of living and deleted files together: when a project is removed, so that its files are found.
CREATE INDEX files_by_project ON files (project_id);
