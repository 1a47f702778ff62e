"""The page of what a user has allowed their agents, and where they end it."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from harness.sentry.pages.approval import read_words
from harness.sentry.pages.own_api import OwnApi, organization_path
from harness.sentry.pages.rendering import Visitor, for_visitors, show
from harness.sentry.services import Services


def add(pages: Blueprint, services: Services, api: OwnApi) -> None:
    """Adds the pages of this module."""

    def list_grants(
        visitor: Visitor, organization: str, ended: str = "", problem: str = ""
    ) -> Response:
        came = api.call(request, "GET", organization_path(organization, "agent/grants/"))
        if not came.ok:
            why = "stranger" if came.status == 403 else "off"
            return show(
                "unusable.html", came.status, why=why, visitor=visitor, organization=organization
            )
        return show(
            "grants.html",
            visitor=visitor,
            organization=organization,
            grants=came.json,
            words=read_words(),
            ended=ended,
            problem=problem,
        )

    @pages.get("/organizations/<organization>/agent/grants/")
    @for_visitors(services)
    def show_grants(visitor: Visitor, organization: str) -> Response | WerkzeugResponse:
        return list_grants(visitor, organization)

    @pages.post("/organizations/<organization>/agent/grants/")
    @for_visitors(services)
    def revoke(visitor: Visitor, organization: str) -> Response | WerkzeugResponse:
        session = request.form.get("session", "")
        path = organization_path(organization, "agent/revoke/")
        came = api.call(request, "POST", path, {"sessionId": session})
        if came.status == 403:
            return show("denied.html", 403, detail=came.detail)
        if came.ok:
            return list_grants(visitor, organization, ended=session)
        return list_grants(visitor, organization, problem="That approval has ended already.")
