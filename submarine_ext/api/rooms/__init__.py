"""Rooms: several people type into one file of a project at the same time.

jupyter-collaboration's lab speaks to them as it does to its own server, whose rooms know no
roles and save as nobody. Of its server nothing is used: a room here is a project's file with
seats. What sits on a seat is looked at as every open stream is, who may not write is not
heard, and what was typed is saved by the services as a version of whoever typed it.

``content`` knows the CRDT, ``presence`` who is seen where, ``seat`` rights, ``room`` the file,
``lobby`` which rooms there are, ``handlers`` HTTP.
"""
