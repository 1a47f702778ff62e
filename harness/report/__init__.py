"""Renderings of a run. Each is made from the transcripts alone.

    console   a table, and each failed step with its exchange, for people
    json      everything, for programs: `render_json(run)`
    junit     for CI servers: `render_junit(run)`

No rendering holds a secret, a duration or a wall-clock time: transcripts have none.
"""
