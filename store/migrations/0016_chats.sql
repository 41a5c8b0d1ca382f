-- Chats with models. A message of a user holds what was said; one of an assistant is its stream, whose row has the text:
-- so there is one place where an answer stands, and nothing to keep in step.
CREATE TABLE chats (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id uuid REFERENCES projects (id) ON DELETE CASCADE,    -- whose members share it
    title text NOT NULL,
    model text NOT NULL,                                           -- `auto`, or `provider/model`
    message_count int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX chats_of_user ON chats (user_id, updated_at DESC, id DESC);
CREATE INDEX chats_of_project ON chats (project_id, updated_at DESC, id DESC);

CREATE TABLE chat_messages (
    id uuid PRIMARY KEY,
    chat_id uuid NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    parent_id uuid REFERENCES chat_messages (id) ON DELETE CASCADE,
    seq bigint GENERATED ALWAYS AS IDENTITY,                       -- rises within a chat: its row is locked meanwhile
    depth int NOT NULL,                                            -- 1: no parent
    role text NOT NULL CHECK (role IN ('user', 'assistant')),
    user_id uuid REFERENCES users (id) ON DELETE SET NULL,         -- who said it, or asked for it
    content text,
    pictures jsonb,
    stream_id uuid REFERENCES streams (id) ON DELETE SET NULL,
    left_out int NOT NULL DEFAULT 0,                               -- earlier messages that the model was not given
    client_msg_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((role = 'user') = (content IS NOT NULL))
);
CREATE UNIQUE INDEX chat_messages_in_order ON chat_messages (chat_id, seq);
CREATE INDEX chat_messages_by_parent ON chat_messages (parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX chat_messages_by_stream ON chat_messages (stream_id) WHERE stream_id IS NOT NULL;
CREATE INDEX chat_messages_of_user ON chat_messages (user_id) WHERE user_id IS NOT NULL;
-- Said twice by a client that lost the answer, it is said once.
CREATE UNIQUE INDEX chat_messages_by_client ON chat_messages (chat_id, user_id, client_msg_id)
    WHERE client_msg_id IS NOT NULL;

CREATE TABLE message_feedback (
    message_id uuid NOT NULL REFERENCES chat_messages (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    rating smallint NOT NULL CHECK (rating IN (-1, 1)),
    comment text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, user_id)
);
CREATE INDEX message_feedback_of_user ON message_feedback (user_id);

-- A stream whose chat was deleted keeps what it cost, and loses what was said; one that still runs, when it ends.
ALTER TABLE streams ADD COLUMN forgotten boolean NOT NULL DEFAULT false;
CREATE FUNCTION forget_stream() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.text := '';
    NEW.thought := '';
    NEW.asked := '{"turns":[]}';
    RETURN NEW;
END $$;
CREATE TRIGGER forget BEFORE UPDATE ON streams
    FOR EACH ROW WHEN (NEW.forgotten AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION forget_stream();

-- Whoever ends a stream (a worker, the one who sweeps after it, a cancel before it began), its chat hears of it.
CREATE FUNCTION tell_chat_of_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO happenings (topic, kind, data)
        SELECT 'chat:' || chat_id, 'message.updated',
               jsonb_build_object('chat_id', chat_id, 'message_id', id, 'stream_id', NEW.id, 'status', NEW.status)
        FROM chat_messages WHERE stream_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_chat AFTER UPDATE OF ended_at ON streams
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION tell_chat_of_answer();

-- What messages are found by: words as PostgreSQL's parser sees them when nothing in them looks like a host or a path.
CREATE FUNCTION chat_words(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('simple', translate(left(said, 50000), './\-@:?=&%+#_''', '              '))
$$;
CREATE INDEX chats_by_words ON chats USING gin (chat_words(title));
CREATE INDEX chat_messages_by_words ON chat_messages USING gin (chat_words(content)) WHERE content IS NOT NULL;
CREATE INDEX streams_by_words ON streams USING gin (chat_words(text)) WHERE ended_at IS NOT NULL;
