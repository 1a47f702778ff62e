"""`python -m harness` is `seer-harness`."""

from harness.cli import main

main()
