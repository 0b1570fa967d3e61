"""TypeScript: the clients of components, and what builds them.

names.py        what protoc-gen-es calls things      layout.py     lines as prettier breaks them
writer.py       one module in the making             emit_client.py, client_class.py, writes_class.py   the clients
project.py      the folder around them               runtime.py     what they run on, clients/typescript
public.py       Toolcrib's own contract, for that
"""
