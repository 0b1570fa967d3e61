"""The C++ clients: one header for each component, and the folder that they are built in."""
