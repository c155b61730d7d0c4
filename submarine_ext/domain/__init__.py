"""What things are: frozen structs, tables of transitions, pure functions.

Nothing here does I/O or knows HTTP, SQL or an engine. The structs *are* the wire types.
"""
