"""Tests of what happens being told: the teller, the topics' logs, `/events`, notifications, webhooks, the audit log."""
