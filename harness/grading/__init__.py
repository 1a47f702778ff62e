"""Judges what an agent did by the records of those whom it called.

    cases = gather(records, entries, exchanges)
    grade = judge(cases[0], task=None)
    grade.failed          # the ids of the rules that it broke

Pure functions from records to findings: whoever reads the records, over HTTP, passes them in.
"""

from harness.grading.case import Act, Case, Ref, gather
from harness.grading.grade import Grade, judge
from harness.grading.rule import Finding, Outcome, Verdict
from harness.grading.rules import RULES
from harness.grading.task import Task, read_task

__all__ = [
    "RULES",
    "Act",
    "Case",
    "Finding",
    "Grade",
    "Outcome",
    "Ref",
    "Task",
    "Verdict",
    "gather",
    "judge",
    "read_task",
]
