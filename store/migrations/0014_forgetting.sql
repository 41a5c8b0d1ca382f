-- What is forgotten: happenings that were told long ago, and invitations that say who somebody was.
CREATE INDEX happenings_by_age ON happenings (at) WHERE told;
CREATE INDEX project_invites_by_email ON project_invites (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX project_invites_by_acceptor ON project_invites (accepted_by) WHERE accepted_by IS NOT NULL;  -- also for ON DELETE
