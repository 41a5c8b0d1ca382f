-- What chats are found by: a row for each title, message of a user, and answer that has ended. Words were made of the texts
-- anew with every search, which took seconds for somebody with many chats. The marks `:u:` and `:p:` are the chat's owner and
-- project, so that the index of words leads to their chats alone; no word of a text has a colon (chat_words).
CREATE TABLE chat_search (
    chat_id    uuid NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    message_id uuid REFERENCES chat_messages (id) ON DELETE CASCADE,   -- NULL: the title
    words      tsvector NOT NULL
);
CREATE INDEX chat_search_of_chat ON chat_search (chat_id);
CREATE UNIQUE INDEX chat_search_of_message ON chat_search (message_id) WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX chat_search_of_title ON chat_search (chat_id) WHERE message_id IS NULL;

CREATE FUNCTION searched_words(said text, owner uuid, project uuid) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT strip(chat_words(said)) || array_to_tsvector(array_remove(ARRAY[':u:' || owner, ':p:' || project], NULL))
$$;

INSERT INTO chat_search (chat_id, message_id, words)
    SELECT id, NULL, searched_words(title, user_id, project_id) FROM chats
    UNION ALL
    SELECT chats.id, messages.id, searched_words(coalesce(messages.content, streams.text), chats.user_id, chats.project_id)
    FROM chat_messages AS messages
    JOIN chats ON chats.id = messages.chat_id
    LEFT JOIN streams ON streams.id = messages.stream_id AND streams.ended_at IS NOT NULL
    WHERE coalesce(messages.content, streams.text, '') <> '';
CREATE INDEX chat_search_by_words ON chat_search USING gin (words);
DROP INDEX chats_by_words, chat_messages_by_words, streams_by_words;

CREATE FUNCTION search_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_search (chat_id, words) VALUES (NEW.id, searched_words(NEW.title, NEW.user_id, NEW.project_id))
    ON CONFLICT (chat_id) WHERE message_id IS NULL DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$;
CREATE TRIGGER search_title AFTER INSERT OR UPDATE OF title ON chats FOR EACH ROW EXECUTE FUNCTION search_title();

CREATE FUNCTION search_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_search (chat_id, message_id, words)
        SELECT id, NEW.id, searched_words(NEW.content, user_id, project_id) FROM chats WHERE id = NEW.chat_id;
    RETURN NULL;
END $$;
CREATE TRIGGER search_message AFTER INSERT ON chat_messages
    FOR EACH ROW WHEN (NEW.content IS NOT NULL) EXECUTE FUNCTION search_message();

CREATE FUNCTION search_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_search (chat_id, message_id, words)
        SELECT chats.id, messages.id, searched_words(NEW.text, chats.user_id, chats.project_id)
        FROM chat_messages AS messages JOIN chats ON chats.id = messages.chat_id WHERE messages.stream_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER search_answer AFTER UPDATE OF ended_at ON streams
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.text <> '') EXECUTE FUNCTION search_answer();
