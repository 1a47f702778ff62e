"""The lab: a page that shows the flow as it happens, walks through it, and runs attacks.

It plays real steps of the scenario language against services on loopback, and shows what
their transcript says. `launch` starts all of it; `application` is the web application,
`session` the flow, `bench` the attacks.
"""
