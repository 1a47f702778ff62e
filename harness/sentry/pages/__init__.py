"""The pages of the mock Sentry: sign in, approve, what was approved, and Explorer."""

from __future__ import annotations

from flask import Blueprint

from harness.sentry.catalogue import Catalogue
from harness.sentry.pages import approval, explorer, grants, login
from harness.sentry.pages.own_api import OwnApi
from harness.sentry.pages.rendering import write_out, written_time
from harness.sentry.services import Services


def make_pages(services: Services, catalogue: Catalogue) -> Blueprint:
    """The blueprint of the pages of one application."""
    pages = Blueprint("pages", __name__, root_path=str(login.ROOT))
    pages.add_app_template_filter(written_time, "written_time")
    pages.record(lambda state: setattr(state.app.jinja_env, "finalize", write_out))
    api = OwnApi(services, catalogue)
    login.add(pages, services)
    approval.add(pages, services, api)
    grants.add(pages, services, api)
    explorer.add(pages, services, api)
    return pages
