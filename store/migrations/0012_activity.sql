-- What happened in a project and to a file by its time, as the list of activities shows it beside the edits.

CREATE INDEX happenings_by_project_time ON happenings (project_id, at, id) WHERE topic LIKE 'project:%';
CREATE INDEX happenings_by_file_time ON happenings (file_id, at, id) WHERE topic LIKE 'project:%';
