"""Measures Toolcrib against an empty gRPC echo and against raw SQLite: `make bench`.

__main__ reads the flags, rounds takes the measurements in turn, report shows them. The servers (echo_server,
toolcrib_server) and the load generator (load, with the requests of workload) are processes of their own (processes);
raw writes to SQLite without any server. postgresql compares creates on PostgreSQL (postgresql_server) with plain_loop.
"""
