-- What a person may spend in a day with the server's key, where that shall be less than their tier has: what they said
-- themselves, and what administrators did. NULL: nobody said anything.
CREATE TABLE ai_budgets (
    user_id        uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    own_nano_usd   bigint CHECK (own_nano_usd >= 0),
    admin_nano_usd bigint CHECK (admin_nano_usd >= 0)
);
