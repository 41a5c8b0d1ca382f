-- What a model is told of the beginning of a chat that does not fit it: a summary stands for all messages from the root to
-- one of them, so every thread that goes on from there may use it, and nothing is summarised twice.
CREATE TABLE chat_summaries (
    message_id uuid PRIMARY KEY REFERENCES chat_messages (id) ON DELETE CASCADE,   -- the last that it stands for
    text       text NOT NULL,
    model      text NOT NULL,                    -- which wrote it
    left_out   int NOT NULL,                     -- messages at the beginning of which it says nothing
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Of an answer: earlier messages of which the model was given a summary. `left_out`: those of which it was given nothing.
ALTER TABLE chat_messages ADD COLUMN summarised int NOT NULL DEFAULT 0;
