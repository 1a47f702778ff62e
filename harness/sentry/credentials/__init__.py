"""The six credentials, each with an authenticator of its own.

An authenticator of bearers returns the caller, raises Unauthenticated for a bad
credential of its kind, or returns None: not mine. The prefix alone says whose a
bearer is, so the order in which they are asked carries no meaning.
"""
