"""What the server does by itself: dispatch, observe, adopt, collect, relay.

Only the process that holds ``reconcile.lock`` dispatches and observes; every process relays.
"""
