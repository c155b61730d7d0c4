"""Who is asking. It reads the verified credential and nothing else of a request."""
