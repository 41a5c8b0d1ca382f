-- What was said in a chat, and its title, stood in what had happened there for another three months after somebody deleted it.
CREATE INDEX happenings_of_chats ON happenings ((data ->> 'chat_id')) WHERE kind LIKE 'chat.%' AND topic NOT LIKE 'chat:%';

CREATE FUNCTION forget_chat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM happenings WHERE topic = 'chat:' || OLD.id;
    UPDATE happenings SET data = data - 'title'
        WHERE data ->> 'chat_id' = OLD.id::text AND kind LIKE 'chat.%' AND topic NOT LIKE 'chat:%';
    RETURN OLD;
END $$;
CREATE TRIGGER forget BEFORE DELETE ON chats FOR EACH ROW EXECUTE FUNCTION forget_chat();

DELETE FROM happenings WHERE topic LIKE 'chat:%' AND NOT EXISTS (SELECT FROM chats WHERE 'chat:' || chats.id = topic);
UPDATE happenings SET data = data - 'title'
    WHERE kind LIKE 'chat.%' AND NOT EXISTS (SELECT FROM chats WHERE chats.id::text = data ->> 'chat_id');
