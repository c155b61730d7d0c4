"""What is remembered: the only SQL.

Functions here take an open connection, so that a service can put several of them into
one transaction. :class:`~submarine_ext.store.store.Store` decides on which thread and in
which transaction they run. Nothing here decides who may do what.
"""
