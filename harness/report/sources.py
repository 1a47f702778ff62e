"""Where the source of a rule can be read: `RFC 8725 section 3.1`, `getsentry/sentry#118539`."""

from __future__ import annotations

import re

_GITHUB = re.compile(r"\b([\w.-]+/[\w.-]+)#(\d+)\b", re.ASCII)
_RFC = re.compile(r"\bRFC (\d+)(?: section ([\d.]*\d))?", re.ASCII)
_CWE = re.compile(r"\bCWE-(\d+)\b", re.ASCII)
_API = re.compile(r"\bAPI(\d+):2023\b", re.ASCII)
_STANDARDS = {
    "W3C CSP3": "https://www.w3.org/TR/CSP3/",
    "W3C Referrer Policy": "https://www.w3.org/TR/referrer-policy/",
    "HTML Living Standard": "https://html.spec.whatwg.org/multipage/browsers.html",
}
_OWASP = "https://owasp.org/"
_CHEATSHEETS = "https://cheatsheetseries.owasp.org/cheatsheets/"
# The pages of OWASP's API Security Top 10 of 2023, in their order.
_API_PAGES = (
    "0xa1-broken-object-level-authorization",
    "0xa2-broken-authentication",
    "0xa3-broken-object-property-level-authorization",
    "0xa4-unrestricted-resource-consumption",
    "0xa5-broken-function-level-authorization",
    "0xa6-unrestricted-access-to-sensitive-business-flows",
    "0xa7-server-side-request-forgery",
    "0xa8-security-misconfiguration",
    "0xa9-improper-inventory-management",
    "0xaa-unsafe-consumption-of-apis",
)


def link_source(source: str) -> str | None:
    """The address of the page where `source` can be read, or None if it is not known."""
    if found := _GITHUB.search(source):
        # An issue's number leads there too.
        return f"https://github.com/{found[1]}/pull/{found[2]}"
    if found := _RFC.search(source):
        place = f"#section-{found[2]}" if found[2] else ""
        return f"https://www.rfc-editor.org/rfc/rfc{found[1]}{place}"
    if found := _CWE.search(source):
        return link_cwe(int(found[1]))
    if source.startswith("OWASP "):
        return _link_owasp(source)
    return next((url for name, url in _STANDARDS.items() if source.startswith(name)), None)


def link_cwe(number: int) -> str:
    """The page of a weakness class."""
    return f"https://cwe.mitre.org/data/definitions/{number}.html"


def _link_owasp(source: str) -> str:
    found = _API.search(source)
    if found and 1 <= int(found[1]) <= len(_API_PAGES):
        page = _API_PAGES[int(found[1]) - 1]
        return f"{_OWASP}API-Security/editions/2023/en/{page}/"
    for topic in ("Session Management", "Authentication"):
        if topic in source:
            return f"{_CHEATSHEETS}{topic.replace(' ', '_')}_Cheat_Sheet.html"
    return _OWASP
