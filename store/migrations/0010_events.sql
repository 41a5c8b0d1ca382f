-- What comes of happenings: notifications, and deliveries to webhooks. And what the audit log refuses.

CREATE TABLE notifications (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind         text NOT NULL,                 -- 'member.added', 'webhook.disabled', …
    happening_id bigint,                        -- what it was made from; null: written by itself
    actor_id     uuid,
    project_id   uuid,
    data         jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    read_at      timestamptz,
    UNIQUE (happening_id, user_id)              -- a happening that is told twice notifies once
);
CREATE INDEX notifications_by_user ON notifications (user_id, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, id DESC) WHERE read_at IS NULL;
CREATE INDEX notifications_by_age ON notifications (created_at);

CREATE TABLE notification_preferences (         -- no row: everything is wanted
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    muted   text[] NOT NULL DEFAULT '{}'        -- kinds
);

CREATE TABLE webhook_endpoints (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    project_id       uuid REFERENCES projects ON DELETE CASCADE,  -- null: all in which the user is an admin
    url              text NOT NULL CHECK (char_length(url) <= 2000),
    description      text NOT NULL DEFAULT '' CHECK (char_length(description) <= 500),
    events           text[] NOT NULL DEFAULT '{}',                -- kinds, or 'file.*'; empty: all
    secret           bytea NOT NULL,                              -- sealed (store/sealed.py), bound to the id
    old_secret       bytea,                                       -- for a day after a rotation
    old_secret_until timestamptz,
    version          integer NOT NULL DEFAULT 1,
    failing_since    timestamptz,                                 -- the first failure since the last success
    disabled_at      timestamptz,
    disabled_reason  text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_endpoints_by_user ON webhook_endpoints (user_id, id);
CREATE INDEX webhook_endpoints_by_project ON webhook_endpoints (project_id);

CREATE TABLE webhook_deliveries (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    endpoint_id     uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    happening_id    bigint,                     -- null: a test
    kind            text NOT NULL,
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz DEFAULT now(),  -- while pending
    claimed_until   timestamptz,                -- somebody is at it
    last_attempt_at timestamptz,
    response_status integer,                    -- of the last attempt; null: none came
    error           text NOT NULL DEFAULT '',
    duration_ms     integer,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),  -- many are made in one transaction
    UNIQUE (endpoint_id, happening_id)          -- a happening that is told twice is delivered once
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (endpoint_id) WHERE status = 'pending' AND claimed_until IS NOT NULL;
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);

-- The audit log only grows. What is old goes by the worker's retention, which says so in its transaction.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF current_setting('atrium.audit_retention', true) = 'on' AND OLD.at < now() - interval '1 day' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log only grows';
END
$$;
CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_log_is_not_emptied BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
-- Lists go by time, newest first, whatever they filter by.
DROP INDEX audit_log_by_actor;
DROP INDEX audit_log_by_act;
CREATE INDEX audit_log_by_time ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, at DESC, id DESC);
CREATE INDEX audit_log_by_act ON audit_log (act, at DESC, id DESC);
CREATE INDEX audit_log_by_subject ON audit_log (subject, at DESC, id DESC);
