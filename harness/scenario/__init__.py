"""Scenarios: their language, and how they are played.

    scenarios = load_scenarios(["scenarios/flow"])            # loader
    run = run_scenarios(scenarios, InProcess(), jobs=2)       # runner, targets
    run.exit_code, run.results[0].events                      # result

    loader, model, schema        files, what they say, and their JSON Schema
    cast, casting, description   who plays, found by what they are in a target
    names, credentials, book     what the names of a scenario mean, checked before it is played
    registry                     the tables of verbs and expectations, open to others
    verbs, expectations          the built-in ones
    matching, template, duration patterns, names in braces, 5m
    play, scene, stage, hands    one scenario while it is played
    control                      the control API of a mock
    wire, wsgi, answer           HTTP, in process or not

Importing this imports nothing else: what is heavy is imported where it is used.
"""
