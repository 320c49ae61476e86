"""Typed operations on the servers; a command group uses the client of its own name."""
