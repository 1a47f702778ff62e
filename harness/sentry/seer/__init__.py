"""Sentry's side of Seer: the signed calls, what they carry, and the conversations of users."""
