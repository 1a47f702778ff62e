"""The challenge of a denied call: which scopes would have done (RFC 6750 section 3)."""

from __future__ import annotations

import re

from harness.seer.agent.actions import Reply

# RFC 9110 sections 5.6.2, 5.6.4 and 11.2.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_END = r"[ \t]*(?=,|$)"
_PARAMETER = re.compile(rf'({_WORD})[ \t]*=[ \t]*(?:({_WORD})|"((?:[^"\\]|\\.)*)"){_END}')
_SCHEME = re.compile(rf"({_WORD})(?: +|{_END})")
_BLOB = re.compile(rf"[0-9A-Za-z._~+/-]+=*{_END}")
_SEPARATOR = re.compile(r"[ \t]*(?:,[ \t]*)*")


def read_challenges(header: str) -> list[tuple[str, dict[str, str]]]:
    """Scheme and parameters of each challenge in a `WWW-Authenticate` header, in its order.

    Schemes and the names of parameters are in lower case. A header that came several times
    is joined by commas. Raises ValueError for what RFC 9110 section 11.6.1 does not allow.
    """
    found: list[tuple[str, dict[str, str]]] = []
    header = header.strip(" \t")
    at = _after_separator(header, 0)
    while at < len(header):
        parameter = _PARAMETER.match(header, at)
        if parameter is None:
            at = _read_scheme(header, at, found)
        elif not found:
            raise ValueError("a parameter stands before every scheme")
        else:
            name, parameters = parameter[1].lower(), found[-1][1]
            if name in parameters:
                raise ValueError(f"the parameter {name!r} comes twice")
            quoted = parameter[3]
            parameters[name] = (
                parameter[2] if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            )
            at = parameter.end()
        at = _after_separator(header, at)
    return found


def wanted_scopes(reply: Reply) -> tuple[str, ...] | None:
    """The scopes of which any one would have opened what was denied, as the challenge has them.

    None where an approval is no cure: no 403, no Bearer challenge in it, another error, or a
    header that cannot be read.
    """
    if reply.status != 403:
        return None
    try:
        challenges = read_challenges(reply.headers.get("www-authenticate", ""))
    except ValueError:
        return None
    for scheme, parameters in challenges:
        if scheme == "bearer" and parameters.get("error") == "insufficient_scope":
            return tuple(dict.fromkeys(parameters.get("scope", "").split()))
    return None


def _read_scheme(header: str, at: int, found: list[tuple[str, dict[str, str]]]) -> int:
    """Adds the challenge that begins at `at`; where its parameters, if any, begin."""
    scheme = _SCHEME.match(header, at)
    if scheme is None:
        raise ValueError(f"not readable from character {at + 1} on")
    found.append((scheme[1].lower(), {}))
    after = scheme.end()
    if after == len(header) or header[after] == "," or _PARAMETER.match(header, after):
        return after
    blob = _BLOB.match(header, after)
    if blob is None:
        raise ValueError(f"not readable from character {after + 1} on")
    return blob.end()


def _after_separator(header: str, at: int) -> int:
    separator = _SEPARATOR.match(header, at)
    return separator.end() if separator else at
