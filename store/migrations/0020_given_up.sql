-- Deliveries that were given up lately, counted for administrators.
CREATE INDEX webhook_deliveries_given_up ON webhook_deliveries (last_attempt_at) WHERE status = 'failed';
