"""The catalogue of operations, and the tree that finds one by its path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.sentry import application
from harness.sentry.call import HANDLERS
from harness.sentry.catalogue import Catalogue, read_catalogue

ROOT = Path(application.__file__).resolve().parents[2]
PUBLISHED = ROOT.parent / "shared" / "data" / "sentry-openapi.json"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})

OPERATIONS = {
    (method, template): operation
    for template, endpoint in read_catalogue().endpoints.items()
    for method, operation in endpoint.operations.items()
}


def published_scopes() -> dict[tuple[str, str], frozenset[str]]:
    """{(method, template): scopes} of Sentry's own description of its API."""
    if not PUBLISHED.is_file():
        pytest.skip("Sentry's published API description is not beside this checkout")
    paths: dict[str, dict[str, Any]] = json.loads(PUBLISHED.read_text())["paths"]
    return {
        (method.upper(), path.removeprefix("/api/0")): frozenset(
            scope
            for requirement in operation.get("security", ())
            for scopes in requirement.values()
            for scope in scopes
        )
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method.upper() in METHODS
    }


def test_every_entry_has_a_handler_and_every_handler_an_entry() -> None:
    assert HANDLERS.keys() == OPERATIONS.keys()


def test_methods_are_spelt_as_in_a_request() -> None:
    assert {method for method, _ in OPERATIONS} <= METHODS


def test_scopes_are_as_published() -> None:
    published = published_scopes()
    known = OPERATIONS.keys() & published.keys()
    assert known, "nothing in the catalogue is published: the paths must have changed"
    ours = {key: sorted(OPERATIONS[key].scopes) for key in known}
    assert ours == {key: sorted(published[key]) for key in known}


def test_parameters_are_named_as_published() -> None:
    """A path that is published under another parameter's name would not be compared at all."""
    published = published_scopes()

    def shape(key: tuple[str, str]) -> tuple[str, ...]:
        method, template = key
        return (method, *("{}" if "{" in part else part for part in template.split("/")))

    names = {shape(key): key for key in published}
    renamed = {names[shape(key)]: key for key in OPERATIONS if shape(key) in names}
    assert {theirs: ours for theirs, ours in renamed.items() if theirs != ours} == {}


def test_every_scope_is_a_known_one() -> None:
    from harness import scopes

    assert frozenset().union(*(one.scopes for one in OPERATIONS.values())) <= scopes.ALL_SCOPES


def find(catalogue: Catalogue, path: str) -> tuple[str, dict[str, str]] | None:
    matched = catalogue.match(path)
    return None if matched is None else (matched[0].template, matched[1])


ROUTES = Catalogue(
    {
        template: {"GET": "org:read"}
        for template in (
            "/",
            "/things/",
            "/things/{thing_id}/",
            "/things/{thing_id}/parts/",
            "/things/{thing_id}/parts/{part_id}/",
            "/things/best/",
            "/things/best/price/",
            "/things/{thing_id}/price/history/",
        )
    }
)


@pytest.mark.parametrize(
    ("path", "template", "parameters"),
    [
        ("/", "/", {}),
        ("/things/", "/things/", {}),
        ("/things/7/", "/things/{thing_id}/", {"thing_id": "7"}),
        ("/things/best/", "/things/best/", {}),
        ("/things/best/price/", "/things/best/price/", {}),
        # The literal leads nowhere: back, and down the parameter's way.
        ("/things/best/parts/", "/things/{thing_id}/parts/", {"thing_id": "best"}),
        (
            "/things/best/parts/9/",
            "/things/{thing_id}/parts/{part_id}/",
            {"thing_id": "best", "part_id": "9"},
        ),
        (
            "/things/best/price/history/",
            "/things/{thing_id}/price/history/",
            {"thing_id": "best"},
        ),
        ("/things/a b@1.0+c/", "/things/{thing_id}/", {"thing_id": "a b@1.0+c"}),
    ],
)
def test_a_literal_wins_over_a_parameter(
    path: str, template: str, parameters: dict[str, str]
) -> None:
    assert find(ROUTES, path) == (template, parameters)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/things",
        "/things//",
        "/things/7",
        "/things/7//",
        "//things/",
        "/Things/",
        "/things/7/parts/8/9/",
        "/things/best/price/history",
        "/things/\x00/",
        "/things/a\nb/",
        "/things/a\x7fb/",
    ],
)
def test_what_has_no_such_path_is_not_found(path: str) -> None:
    assert find(ROUTES, path) is None


def test_a_path_that_differs_in_a_parameters_name_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="thing_id or other"):
        Catalogue({"/things/{thing_id}/": {"GET": "open"}, "/things/{other}/x/": {"GET": "open"}})


def test_words_and_scopes_are_told_apart() -> None:
    catalogue = Catalogue(
        {"/": {"GET": "open", "POST": "account", "PUT": "org:write org:admin", "DELETE": "basic"}}
        | {"/mine/": {"GET": "account org:read", "POST": "first-party"}}
    )
    demands = {
        (template, method): (operation.demand, operation.scopes)
        for template, endpoint in catalogue.endpoints.items()
        for method, operation in endpoint.operations.items()
    }
    assert demands == {
        ("/", "GET"): ("open", frozenset()),
        ("/", "POST"): ("account", frozenset()),
        ("/", "PUT"): ("scopes", frozenset({"org:write", "org:admin"})),
        ("/", "DELETE"): ("basic", frozenset()),
        ("/mine/", "GET"): ("account", frozenset({"org:read"})),
        ("/mine/", "POST"): ("first-party", frozenset()),
    }


def test_head_is_answered_by_get() -> None:
    endpoint, _ = read_catalogue().match("/organizations/acme/") or pytest.fail("no such path")
    assert endpoint.find("HEAD") is endpoint.find("GET")
    assert endpoint.find("OPTIONS") is None


def test_250_more_endpoints_match_as_before() -> None:
    paths = {template: {"GET": "open"} for template in read_catalogue().endpoints}
    here = "/organizations/{organization_id_or_slug}/"
    more = {
        template: {"GET": "org:read"}
        for n in range(50)
        for template in (
            f"/synthetic-{n}/",
            f"/synthetic-{n}/{{thing_id}}/",
            f"{here}synthetic-{n}/",
            f"{here}synthetic-{n}/{{thing_id}}/",
            f"{here}issues/{{issue_id}}/synthetic-{n}/",
        )
    }
    catalogue = Catalogue(paths | more)
    assert len(more) == 250
    assert len(catalogue.endpoints) == len(paths) + 250

    for template in catalogue.endpoints:
        path, parameters = fill(template)
        assert find(catalogue, path) == (template, parameters)


def fill(template: str) -> tuple[str, dict[str, str]]:
    """A path of `template`, and the parameters that it has."""
    names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    parameters = {name: f"x{position}" for position, name in enumerate(names)}
    return template.format(**parameters), parameters
