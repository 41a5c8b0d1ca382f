-- What an answer rests on, where its provider says so: a list of {url, title}; `[1]` in the text is the first.
ALTER TABLE streams ADD COLUMN sources jsonb;
CREATE OR REPLACE FUNCTION forget_stream() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.text := '';
    NEW.thought := '';
    NEW.sources := NULL;
    NEW.asked := '{"turns":[]}';
    RETURN NEW;
END $$;
