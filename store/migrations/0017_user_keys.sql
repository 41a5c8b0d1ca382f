-- Keys of users at providers of models. Sealed to the key ring of the AI workers (store/key_seal.py), bound to owner,
-- provider and row; the gateways cannot open them.
CREATE TABLE user_keys (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider   text NOT NULL,
    label      text NOT NULL DEFAULT '',
    last4      text NOT NULL,
    sealed     bytea NOT NULL,
    ring_key   text NOT NULL,                 -- which key of the ring opens it
    tested_at  timestamptz,
    verdict    text,                          -- of the last test: 'ok', or the kind of failure
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, provider, label)
);
CREATE INDEX user_keys_by_ring_key ON user_keys (ring_key);
