-- What AI leaves behind goes after a time (workers/chores.py). Answers in chats stay as long as their chats: where a stream
-- ends, it is noted whether it is one, so that the others are found without a look at each.
ALTER TABLE streams ADD COLUMN in_chat boolean NOT NULL DEFAULT false;
UPDATE streams SET in_chat = true WHERE id IN (SELECT stream_id FROM chat_messages WHERE stream_id IS NOT NULL);
CREATE FUNCTION note_chat_of_stream() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.in_chat := EXISTS (SELECT FROM chat_messages WHERE stream_id = NEW.id);
    RETURN NEW;
END $$;
CREATE TRIGGER note_chat BEFORE UPDATE OF ended_at ON streams
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION note_chat_of_stream();
CREATE INDEX streams_outside_of_chats ON streams (ended_at) WHERE told AND (NOT in_chat OR forgotten);

CREATE INDEX ai_usage_by_time ON ai_usage (at);
CREATE INDEX ai_days_by_day ON ai_days (day);

-- Those that another key of the ring closed are looked for every half an hour: by both, in their order.
DROP INDEX user_keys_by_ring_key;
CREATE INDEX user_keys_by_ring_key ON user_keys (ring_key, id);
