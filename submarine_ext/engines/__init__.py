"""Where jobs run. ``base`` states the promises; each engine is a room of its own.

An engine knows nothing of the store, of projects or of HTTP: it is given tasks with a
folder each, and reports observations.
"""
