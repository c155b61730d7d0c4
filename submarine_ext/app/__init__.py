"""Composition: the one place where rooms are put together, and what may be configured."""
