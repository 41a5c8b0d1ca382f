-- Accounts with names and passwords, sessions that refresh, platform tokens, identities elsewhere, one-time tokens.

ALTER TABLE users
    ADD COLUMN email             text CHECK (char_length(email) BETWEEN 3 AND 254),   -- as typed; unique without case
    ADD COLUMN username          text CHECK (username ~ '^[a-z0-9][a-z0-9_-]{1,38}$'),
    ADD COLUMN password_hash     text,                                                 -- argon2id, or imported bcrypt
    ADD COLUMN avatar_url        text,
    ADD COLUMN bio               text NOT NULL DEFAULT '' CHECK (char_length(bio) <= 2000),
    ADD COLUMN locale            text NOT NULL DEFAULT 'en',
    ADD COLUMN role              text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    ADD COLUMN tier              text NOT NULL DEFAULT 'free' CHECK (tier IN ('guest', 'free', 'pro', 'enterprise')),
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN version           integer NOT NULL DEFAULT 1;
UPDATE users SET tier = 'guest' WHERE is_guest;
CREATE UNIQUE INDEX users_by_email ON users (lower(email));
CREATE UNIQUE INDEX users_by_username ON users (username);
CREATE INDEX users_by_username_prefix ON users (username text_pattern_ops);
CREATE INDEX users_by_name_prefix ON users (lower(display_name) text_pattern_ops) WHERE NOT is_guest;
CREATE INDEX users_by_email_prefix ON users (lower(email) text_pattern_ops);
CREATE INDEX users_admins ON users (id) WHERE role = 'admin';

-- A login or a platform token: whatever a credential names, and what ends it.
ALTER TABLE sessions
    ADD COLUMN kind            text NOT NULL DEFAULT 'login' CHECK (kind IN ('login', 'token')),
    ADD COLUMN name            text NOT NULL DEFAULT '',       -- of a platform token, as its owner calls it
    ADD COLUMN scopes          text[],                         -- of a platform token; null may do everything
    ADD COLUMN secret_hash     bytea,                          -- of a platform token: SHA-256 of its secret
    ADD COLUMN refresh_counter bigint NOT NULL DEFAULT 0,      -- of a login: the generation of its refresh token
    ADD COLUMN refresh_used    bigint NOT NULL DEFAULT -1,     -- the generation that was exchanged for this one
    ADD COLUMN refresh_seen    bigint NOT NULL DEFAULT -1,     -- the latest one whose access token was used
    ADD COLUMN refreshed_at    timestamptz,
    ADD COLUMN last_seen_at    timestamptz,
    ADD COLUMN last_address    text,
    ADD COLUMN user_agent      text;

CREATE TABLE identities (                                      -- accounts elsewhere: GitHub
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    provider         text NOT NULL,
    provider_user_id text NOT NULL,
    provider_login   text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, provider_user_id)
);
CREATE INDEX identities_by_user ON identities (user_id);

CREATE TABLE one_time_tokens (                                 -- verify an address, reset a password, come from GitHub
    token_hash bytea PRIMARY KEY,                              -- SHA-256
    purpose    text NOT NULL,
    user_id    uuid REFERENCES users ON DELETE CASCADE,        -- null: somebody who is about to sign in
    payload    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id);
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);

CREATE TABLE first_admins (                                    -- each ADMIN_EMAIL makes an administrator once
    email   text PRIMARY KEY,                                  -- in lower case
    user_id uuid NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
