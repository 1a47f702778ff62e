"""The agent flow: its token, its challenge, its grants, mint and approve."""
