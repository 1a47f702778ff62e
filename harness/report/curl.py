"""An exchange as a command line for a shell: what was sent, with secrets as variables.

    curl -i "$SENTRY_URL/api/0/organizations/acme/" -H "Authorization: Bearer $AGENT_TOKEN_1"

A label such as `<agent token 1>` becomes the variable `$AGENT_TOKEN_1`. The address of a
server in process, which nobody can reach, becomes `$SENTRY_URL` or `$SEER_URL`. It is one
line of a POSIX shell, whatever the exchange holds: text is quoted, and what no terminal
shows goes through `printf`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from harness.deployment import IN_PROCESS_URL, SEER_IN_PROCESS_URL

# The labels of `harness.redact`: words of which the last names a kind of secret, and a number.
_LABEL = re.compile(
    r"<((?:[A-Za-z]+ )*(?:token|cookie|password|credentials|signature|bearer|secret|JWT|key))"
    r" ([1-9]\d*)>"
)
_BASES = {IN_PROCESS_URL: "SENTRY_URL", SEER_IN_PROCESS_URL: "SEER_URL"}
# What means something between double quotes, or in an interactive shell.
_SPECIAL = re.compile(r'["$`\\!]')
_GLOBBED = re.compile(r"[\[\]{}]")
# Not even quoted inside a substitution: not everything that reads a shell's words knows those.
_QUOTES = "'\""
_FORM = "application/x-www-form-urlencoded"
# Longer bodies stand in the report, not on the line: they are read from a file named `body`.
_MOST_BODY = 16 * 1024
# curl sends these by itself, as the address and the body have them.
_OWN = frozenset({"host", "content-length"})


@dataclass(frozen=True)
class _Variable:
    name: str


_Part = str | _Variable


def render_curl(exchange: Mapping[str, Any]) -> str:
    """The command for an `exchange` event of a transcript; needs no other line before it."""
    url, headers = exchange["url"], exchange["request_headers"]
    words = ["curl", "-i", *_method(exchange["method"], exchange["request_body"])]
    if _GLOBBED.search(url):
        words.append("--globoff")
    if re.search(r"/\.\.?(?:/|$)", urlsplit(url).path):
        words.append("--path-as-is")
    words.append(_word(_address(url)))
    for name, value in _headers(url, headers):
        # `Name:` would take the header away; `Name;` sends it empty.
        words += ["-H", _word(_parts(f"{name}: {value}" if value else f"{name};"))]
    before, body = _body(exchange["request_body"], headers)
    return " ".join([*before, *words, *body])


def _method(method: str, body: str) -> list[str]:
    if method == "HEAD" and not body:
        return ["--head"]
    return [] if method == "GET" and not body else ["-X", _word([method])]


def _address(url: str) -> list[_Part]:
    for base, name in _BASES.items():
        if url.startswith(f"{base}/"):
            return [_Variable(name), *_parts(url.removeprefix(base))]
    return _parts(url)


def _headers(url: str, headers: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    host = urlsplit(url).netloc
    for name, value in headers:
        low = name.lower()
        if low not in _OWN or (low == "host" and value != host):
            yield name, _as_sent(value)


def _as_sent(value: str) -> str:
    """A header's text: transcripts show its bytes one by one, as HTTP does."""
    try:
        return value.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value


def _body(body: str, headers: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """What stands before the command, and the options that give it the body."""
    if not body:
        return [], []
    types = [value for name, value in headers if name.lower() == "content-type"]
    # Without one curl would name a type of its own.
    options = [] if types else ["-H", "Content-Type:"]
    if len(body) > _MOST_BODY:
        return [], [*options, "--data-binary", "@body"]
    if not body.isprintable():
        return [_printf(_parts(body)), "|"], [*options, "--data-binary", "@-"]
    if types and types[0].startswith(_FORM) and _LABEL.search(body):
        return [], [*options, *_fields(body)]
    return [], [*options, "--data-raw", _word(_parts(body))]


def _fields(form: str) -> Iterator[str]:
    """The fields of a form; a secret is encoded only where it is filled in."""
    for field in form.split("&"):
        name, _, value = field.partition("=")
        if _LABEL.search(name) or not _LABEL.search(value):
            yield from ("--data-raw", _word(_parts(field)))
            continue
        parts = [
            part if isinstance(part, _Variable) else unquote_plus(part) for part in _parts(value)
        ]
        yield from ("--data-urlencode", _word([f"{name}=", *parts]))


def _parts(text: str) -> list[_Part]:
    """The text between labels, and the labels as variables; nothing empty."""
    parts: list[_Part] = []
    end = 0
    for found in _LABEL.finditer(text):
        parts += [text[end : found.start()], _variable(found)]
        end = found.end()
    parts.append(text[end:])
    return [part for part in parts if part]


def _variable(label: re.Match[str]) -> _Variable:
    return _Variable(f"{label[1].replace(' ', '_').upper()}_{label[2]}")


def _word(parts: Sequence[_Part]) -> str:
    """One word of the shell."""
    texts = [part for part in parts if isinstance(part, str)]
    if not all(map(str.isprintable, texts)):
        return f'"$({_printf(parts)})"'
    if len(texts) == len(parts):
        return quote("".join(texts))
    if any(map(_SPECIAL.search, texts)):
        return "".join(
            quote(part) if isinstance(part, str) else f'"${part.name}"' for part in parts
        )
    return f'"{_between_double_quotes(parts)}"'


def _between_double_quotes(parts: Sequence[_Part]) -> str:
    shown = ""
    for part, after in zip(parts, [*parts[1:], ""], strict=True):
        if isinstance(part, str):
            shown += part
        elif isinstance(after, str) and re.match(r"\w", after):
            shown += f"${{{part.name}}}"
        else:
            shown += f"${part.name}"
    return shown


def _printf(parts: Sequence[_Part]) -> str:
    text = "".join(_format(part) if isinstance(part, str) else "%s" for part in parts)
    names = [f' "${part.name}"' for part in parts if isinstance(part, _Variable)]
    return f"printf {quote(text)}{''.join(names)}"


def _format(text: str) -> str:
    """A format of printf that gives `text`: what is not plain is written as octal bytes."""
    return "".join(_format_sign(sign) for sign in text)


def _format_sign(sign: str) -> str:
    if sign in "\\%":
        return sign * 2
    if sign.isprintable() and sign not in _QUOTES:
        return sign
    bare_byte = "\udc80" <= sign <= "\udcff"
    data = sign.encode("utf-8", "surrogateescape" if bare_byte else "surrogatepass")
    return "".join(f"\\{byte:03o}" for byte in data)
