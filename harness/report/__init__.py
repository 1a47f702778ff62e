"""Renderings of a run. Each is made from the transcripts alone.

    console       a table, and each failed step with its exchange, for people
    html          one page with all evidence, for people: `render_html(run)`
    json_report   everything, for programs: `render_json(run)`
    junit         for CI servers: `render_junit(run)`
    sarif         what failed, for code scanning: `render_sarif(run, defences)`
    har           every exchange, for the developer tools of a browser: `render_har(run)`
    curl          an exchange as a command for a shell: `render_curl(event)`

No rendering holds a secret, a duration or a wall-clock time: transcripts have none.
"""
