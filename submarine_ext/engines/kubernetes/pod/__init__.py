"""What runs inside the pod, and what both sides know of it.

``launcher.py`` and ``runner.py``/``track.py``/``ranks.py`` travel in a ConfigMap and need
only Python 3.8; the rest of this package runs in the server.
"""
