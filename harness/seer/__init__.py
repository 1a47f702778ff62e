"""The fake Seer: a service whose agent is scripted, so that every run can be repeated."""
