"""Go: the clients of components, and a module that is ready to build.

client_methods.py -> emit_client.py, emit_writes.py -> one file each     names.py, go_writer.py  how Go spells things
Sources           -> project.py -> go.mod, descriptors, README           runtime.py              the runtime's sources
"""
