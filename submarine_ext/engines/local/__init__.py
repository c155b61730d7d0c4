"""Jobs as processes of this machine.

``engine`` is the face; ``launches`` talks to ``launcher``, a small process that forks one
``supervisor`` a job. What a supervisor writes (``records``) is the truth: it outlives the
server, which only watches (``watch``), explains (``endings``) and shares out the machine
(``slots``, ``fairness``). ``launcher``, ``supervisor``, ``tree`` and ``records`` run without
site-packages: nothing but the standard library.
"""
