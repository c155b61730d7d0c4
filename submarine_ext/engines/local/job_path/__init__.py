"""A folder put at the end of every job's import path: see ``submarine_ext`` in it."""
