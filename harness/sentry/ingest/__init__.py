"""Taking events from Sentry's SDKs: the envelope endpoint, outside of the API."""
