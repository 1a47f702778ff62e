"""What the commands do, one module for each; `harness.cli` has their options.

These import what they need; the command line imports one of them when it is asked for.
"""
