"""A person's own machine, which their server offers to the team service over a socket.

Both ends are here: ``engine`` is the service's, an engine like the others; ``machine`` is the
machine's, over its local engine. ``frames`` are what they say. Neither knows sockets: who calls
gives them a :class:`~submarine_ext.engines.remote.frames.Link`.

The truth lies where the job runs: in its folder there (:mod:`submarine_ext.engines.local`). A
connection begins with the service saying which attempts it wants, and how much of each has come
to it; the machine tells how they stand and sends what is missing, as often as it takes. What is
over stays there until the service has its end on record. So nothing has to be numbered, and no
second record can disagree with the first: whatever is cut, the next connection says it again.
"""
