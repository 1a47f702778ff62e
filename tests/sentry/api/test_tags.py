"""Tags of an issue's events."""

from __future__ import annotations

from tests.sentry.callers import Sentry, assert_missing, assert_plain_denial

TAGS = "/organizations/acme/issues/WEB-APP-1/tags/"


def test_tags_count_their_values(sentry: Sentry) -> None:
    tags = sentry.api("GET", TAGS, sentry.user("mia")).json
    assert [tag["key"] for tag in tags] == ["browser", "environment", "level", "release"]
    browser = sentry.api("GET", f"{TAGS}browser/", sentry.user("mia")).json
    assert browser == tags[0]
    assert (browser["uniqueValues"], browser["totalValues"]) == (2, 3)
    assert [(top["value"], top["count"]) for top in browser["topValues"]] == [
        ("Firefox 140", 2),
        ("Chrome 143", 1),
    ]
    assert browser["topValues"][0]["firstSeen"] < browser["topValues"][0]["lastSeen"]


def test_values_are_a_list_with_pages(sentry: Sentry) -> None:
    answer = sentry.api("GET", f"{TAGS}browser/values/?per_page=1", sentry.user("mia"))
    assert [value["value"] for value in answer.json] == ["Firefox 140"]
    assert 'rel="next"; results="true"' in answer.headers["Link"]


def test_a_tag_that_no_event_has_is_missing(sentry: Sentry) -> None:
    for path in (f"{TAGS}colour/", f"{TAGS}colour/values/"):
        assert_missing(sentry.api("GET", path, sentry.user("mia")))
        assert_plain_denial(sentry.api("GET", path, sentry.user("bo")))
