"""The viewer context: the user on whose behalf the Seer service calls."""

from __future__ import annotations

import json

import pytest

from harness.sentry.schema import MAX_ID
from tests.sentry import forge
from tests.sentry.callers import Sentry, assert_plain_denial, assert_unauthenticated
from tests.sentry.conftest import Make
from tests.sentry.wire.test_credentials import read, who_is


@pytest.mark.parametrize(
    "context",
    [
        '{"user_id":101}',
        '{"organization_id":4001,"user_id":101}',
        '{"organization_id":null,"user_id":101}',
        # The exact bytes, however they are written.
        ' { "user_id" : 101 } ',
        '{"user_id":1,"user_id":101}',
        '{"user_id":101,"role":"member"}',
        # UTF-8, as the bytes of a header are written down.
        '{"user_id":101,"name":"Ren\xc3\xa9e"}',
    ],
)
def test_a_viewer_context(sentry: Sentry, context: str) -> None:
    assert who_is(sentry, sentry.viewer_context(context)) == "olivia"
    assert read(sentry, sentry.viewer_context(context)).status_code == 200


NOBODY = [
    *('{"organization_id":4001}', "{}", "[]", "null", "101", '"101"', "", "{", "x"),
    *('{"user_id":null}', '{"user_id":"101"}', '{"user_id":101.0}', '{"user_id":true}'),
    *('{"user_id":[101]}', '{"user_id":-101}', '{"user_id":0}', '{"user_id":999}'),
    *('{"user_id":99999999999999999999}', '{"user_id":1e2}', '{"userId":101}'),
    *('{"organization_id":"acme","user_id":101}', '{"organization_id":true,"user_id":101}'),
    *('{"organization_id":-1,"user_id":101}', '{"organization_id":2147483648,"user_id":101}'),
    *('{"organization_id":4001.0,"user_id":101}', "[" * 3000, '{"user_id":101,"name":"\xe9"}'),
]


@pytest.mark.parametrize("context", NOBODY)
def test_a_context_that_names_no_user_is_as_if_absent(sentry: Sentry, context: str) -> None:
    credential = sentry.viewer_context(context)
    assert_unauthenticated(read(sentry, credential))
    assert who_is(sentry, sentry.session("mia") | credential) == "mia"


def test_the_proxy_user_of_an_integration_views_nothing(sentry: Sentry) -> None:
    proxy = sentry.api("GET", "/auth/", sentry.integration()).json["id"]
    assert_unauthenticated(read(sentry, sentry.viewer_context(f'{{"user_id":{proxy}}}')))


def test_a_context_that_does_not_verify_is_as_if_absent(sentry: Sentry) -> None:
    good = sentry.viewer("olivia")
    context, signature = good.values()
    other = json.dumps(json.loads(context))
    assert other != context
    for bad in (
        {"X-Viewer-Context": context},
        {"X-Viewer-Context-Signature": signature},
        good | {"X-Viewer-Context": other},
        good | {"X-Viewer-Context": context.replace("101", "102")},
        good | {"X-Viewer-Context-Signature": ""},
        good | {"X-Viewer-Context-Signature": signature[:-1]},
        good | {"X-Viewer-Context-Signature": signature.upper()},
        good | {"X-Viewer-Context-Signature": f"rpc0:{signature}"},
        good | {"X-Viewer-Context-Signature": "\xe9" * 64},
        good | {"X-Viewer-Context-Signature": forge.sign(context.encode(), "x" * 64)},
        good | {"X-Viewer-Context-Signature": forge.sign(context.encode(), "")},
    ):
        assert_unauthenticated(read(sentry, bad))
        assert who_is(sentry, sentry.session("mia") | bad) == "mia"
    twice = [*good.items(), ("X-Viewer-Context", context)]
    assert_unauthenticated(read(sentry, twice))
    assert who_is(sentry, good) == "olivia"


def test_without_a_secret_no_context_verifies(make_sentry: Make) -> None:
    assert_unauthenticated(read(sentry := make_sentry(secret=""), sentry.viewer("olivia")))


def test_a_context_that_names_an_organization_opens_no_other(sentry: Sentry) -> None:
    """Though the user owns both."""
    in_acme = sentry.viewer("olivia", "acme")
    assert read(sentry, in_acme).status_code == 200
    for slug in ("globex", str(sentry.organization_id("globex"))):
        assert_plain_denial(read(sentry, in_acme, slug))
        assert read(sentry, sentry.viewer("olivia"), slug).status_code == 200


@pytest.mark.parametrize("nowhere", [0, 1, MAX_ID])
def test_a_context_that_names_no_organization_there_is_opens_none(
    sentry: Sentry, nowhere: int
) -> None:
    context = f'{{"organization_id":{nowhere},"user_id":101}}'
    assert_plain_denial(read(sentry, sentry.viewer_context(context)))
