-- What kind of question an answer was for (ai_router/categories), so that what people say of it teaches the choice of models.
ALTER TABLE streams ADD COLUMN category text;
CREATE INDEX message_feedback_by_time ON message_feedback (created_at);
