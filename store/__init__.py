"""All shared and durable state: PostgreSQL and Redis. Blind to rooms, gateway and workers."""
