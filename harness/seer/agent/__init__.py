"""The agent: what a script makes it do, one action after another.

It is a generator. It yields actions and is sent what came of each; whoever drives it
decides what may really be done (see `harness.seer.driver`).
"""
