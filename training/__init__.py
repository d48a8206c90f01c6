"""When and whether: the commands that ingest, check, build, promote and allocate."""
