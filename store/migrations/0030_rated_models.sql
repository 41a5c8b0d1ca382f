-- What a rating is about, as it was when it was given: so that what people say of models is summed up without a look at each
-- answer. NULL: the answer went on.
ALTER TABLE message_feedback ADD COLUMN model text, ADD COLUMN category text;
UPDATE message_feedback SET model = streams.model, category = streams.category
FROM chat_messages JOIN streams ON streams.id = chat_messages.stream_id
WHERE chat_messages.id = message_feedback.message_id AND streams.category IS NOT NULL;
