"""The vocabulary: ids, roles, codes, bodies, events, jobs and records. Data only; imports nothing of ours."""
