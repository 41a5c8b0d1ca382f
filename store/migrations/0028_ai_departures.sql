-- What somebody asked models by themselves goes after they left (workers/forget_departed.py).
CREATE INDEX users_left ON users (deleted_at) WHERE status = 'deleted';
CREATE INDEX streams_of_user ON streams (user_id) WHERE project_id IS NULL AND NOT forgotten;
