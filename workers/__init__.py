"""The arq processes: one file per job. `python -m workers` starts one."""
