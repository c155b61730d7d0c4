"""What the server does by itself: dispatch, observe, adopt, collect, relay.

Only the server that holds the lease dispatches and observes; every one relays.
"""
