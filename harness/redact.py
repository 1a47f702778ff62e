"""What a secret looks like, and the label that stands in its place.

A `Redactor` replaces secrets by labels such as `<agent token 1>`, numbered in the
order in which they first appear in what it is shown, so that two runs with one
seed give the same text. It knows a secret because it was registered, by its form
(Sentry's tokens, a JWT), or by where it stands (a cookie, an `Authorization`
header, a key named `password`). It finds it in whatever way it is spelt: see `spelling`.

A JWT keeps its decoded header and claims beside its label, never its signature.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from harness.spelling import decode_run, find_runs, plain, read

Headers = Sequence[tuple[str, str]]

# Values that short are replaced only where they stand as a word of their own.
_SHORT = 8
# Found by its place alone, a value that short is no secret worth following elsewhere.
_FOLLOWED = 8
_NESTING = 32
_WORD = 100

_PREFIXES = {
    "sntryag_": "agent token",
    "sntryu_": "user token",
    "sntrys_": "organization token",
    "sntryi_": "integration token",
}
_TOKEN = re.compile(
    r"sntrys_[\w+/=~%.-]*[\w=]|sntry[a-z]{1,3}_[\w.~+%=-]*[\w=-]"
    r"|(?<![\w-])eyJ[\w-]{4,}=*\.[\w-]*=*(?:\.[\w-]*=*)?",
    re.IGNORECASE | re.ASCII,
)
_SIGNED_BODY = re.compile(r"\brpc0:([0-9a-f]{8,})", re.IGNORECASE)
_FIELD = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(name|value|type)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_SEPARATORS = re.compile(r"[^a-z0-9]")
_COOKIES = {"sentrysid": "session cookie", "sc": "CSRF token"}


@dataclass(frozen=True)
class DecodedToken:
    """A JWT as its holder could read it: the label, the prefix before it, header and claims.

    `header` and `claims` are None where that part is not JSON.
    """

    label: str
    prefix: str
    header: Any
    claims: Any

    def as_json(self) -> dict[str, Any]:
        """The token as plain data."""
        return {
            "label": self.label,
            "prefix": self.prefix,
            "header": self.header,
            "claims": self.claims,
        }


class Redactor:
    """Labels the secrets in text, headers and data; safe to use from several threads."""

    def __init__(self) -> None:
        # Each secret -> its kind, its label.
        self._kinds: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._tokens: dict[str, DecodedToken] = {}
        # A run of base64 -> how many secrets it was searched for, and the one that it holds.
        self._runs: dict[str, tuple[int, str | None]] = {}
        # A word without a secret -> how many secrets it was searched for.
        self._clean: dict[str, int] = {}
        self._lock = threading.RLock()

    @property
    def tokens(self) -> list[DecodedToken]:
        """The JWTs seen so far, in the order of their labels."""
        with self._lock:
            return list(self._tokens.values())

    def register(self, value: str | None, kind: str = "secret") -> None:
        """Makes `value` a secret of `kind` wherever it appears from now on; empty is ignored."""
        if not value:
            return
        with self._lock:
            if value not in self._kinds:
                self._kinds[value] = kind

    def text(self, text: str) -> str:
        """`text` with labels in place of secrets."""
        with self._lock:
            return self._mask(text, {})

    def url(self, url: str) -> str:
        """A URL; what stands in its query under the name of a secret is one."""
        query = url.partition("?")[2].partition("#")[0]
        with self._lock:
            return self._mask(url, self._note_pairs(_pairs(query)))

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Headers in their order, duplicates included."""
        with self._lock:
            return [(name, self._header(name, value)) for name, value in headers]

    def body(self, text: str, content_type: str = "") -> str:
        """The text of a message: JSON, a form or a page is searched by the names in it."""
        with self._lock:
            return self._mask(text, self._note_body(text, content_type))

    def data(self, value: Any) -> Any:
        """JSON-like data: keys and texts masked, and whatever stands under a secret's name."""
        with self._lock:
            return self._data(value, self._note_data(value, 0), 0)

    def find(self, text: str) -> set[str]:
        """The kinds of the secrets known until now that stand in `text`, however spelt."""
        with self._lock:
            return {kind for *_, secret, kind in self._find(text, {}) if secret in self._kinds}

    # -- where secrets stand

    def _header(self, name: str, value: str) -> str:
        low = name.lower()
        local: dict[str, str] = {}
        if low in ("authorization", "proxy-authorization"):
            self._note_authorization(value, local)
        elif low == "cookie":
            for part in value.split(";"):
                key, _, secret = part.strip().partition("=")
                self._note(secret.strip('"'), _COOKIES.get(key, "cookie"), local)
        elif low == "set-cookie":
            key, _, secret = value.partition(";")[0].strip().partition("=")
            self._note(secret.strip('"'), _COOKIES.get(key, "cookie"), local)
        elif low in ("location", "referer", "link", "content-location"):
            return self._mask(value, self._note_pairs(_pairs(value.partition("?")[2])))
        elif kind := _kind_of_name(low):
            self._note(value.strip(), kind, local)
        return self._mask(value, local)

    def _note_authorization(self, value: str, local: dict[str, str]) -> None:
        scheme, _, rest = value.strip().partition(" ")
        rest = rest.strip()
        if scheme.lower() == "basic":
            self._note(rest, "Basic credentials", local)
            try:
                pair = base64.b64decode(rest, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return
            self._note(pair.partition(":")[2], "password", local)
        elif scheme.lower() == "rpcsignature":
            self._note(rest.rpartition(":")[2], "signature", local)
        else:
            # A bearer, an unknown scheme, or no scheme: whatever follows may be a credential.
            secret = rest or scheme
            if secret.lower() not in ("bearer", "basic"):
                self._note(secret, _kind_of_value(secret) or "bearer", local)

    def _note_body(self, text: str, content_type: str) -> dict[str, str]:
        start = text.lstrip()[:1]
        if start in ("{", "["):
            try:
                return self._note_data(json.loads(text), 0)
            except (ValueError, RecursionError):
                return self._note_pairs(_json_pairs(text))
        if start == "<" or "html" in content_type:
            return self._note_pairs(_field_pairs(text))
        if "form" in content_type:
            return self._note_pairs(_pairs(text))
        return {}

    def _note_data(self, value: Any, depth: int) -> dict[str, str]:
        local: dict[str, str] = {}
        if depth > _NESTING:
            return local
        if isinstance(value, dict):
            for key, inner in value.items():
                kind = _kind_of_name(str(key))
                if kind and isinstance(inner, str):
                    self._note(inner, kind, local)
                else:
                    local |= self._note_data(inner, depth + 1)
        elif isinstance(value, list | tuple):
            for inner in value:
                local |= self._note_data(inner, depth + 1)
        return local

    def _note_pairs(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        local: dict[str, str] = {}
        for name, value in pairs:
            if kind := _kind_of_name(name):
                self._note(value, kind, local)
        return local

    def _note(self, value: str, kind: str, local: dict[str, str]) -> None:
        """Takes `value` for a secret: everywhere, or only in `local` if it is short."""
        if not value:
            return
        kind = _kind_of_value(value) or kind
        if len(value) >= _FOLLOWED:
            self.register(value, kind)
        elif value not in self._kinds:
            local[value] = kind

    # -- putting labels in their place

    def _data(self, value: Any, local: dict[str, str], depth: int) -> Any:
        if depth > _NESTING:
            return "…"
        if isinstance(value, str):
            return self._mask(value, local)
        if isinstance(value, dict):
            return {
                self._mask(str(key), {}): self._data(inner, local, depth + 1)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._data(inner, local, depth + 1) for inner in value]
        return value

    def _mask(self, text: str, local: dict[str, str]) -> str:
        # The same words come again and again: names of keys, scopes, headers.
        if not local and self._clean.get(text) == len(self._kinds):
            return text
        spans = self._find(text, local)
        if not spans:
            if not local and len(text) <= _WORD:
                self._clean[text] = len(self._kinds)
            return text
        spans.sort(key=lambda span: (span[0], -span[1]))
        parts: list[str] = []
        position = 0
        for start, end, secret, kind in spans:
            if start >= position:
                parts += text[position:start], self._label(secret, kind)
            # Secrets that overlap become one gap: no part of the second may stay.
            position = max(position, end)
        parts.append(text[position:])
        return "".join(parts)

    def _find(self, text: str, local: dict[str, str]) -> list[tuple[int, int, str, str]]:
        """Start, end, secret and kind of all that must not be shown; spans may overlap."""
        spans: list[tuple[int, int, str, str]] = []
        # Most texts are short words: what no token can be is not searched for tokens.
        if "_" in text or "." in text:
            spans += [
                (*match.span(), match[0], _kind_of_value(match[0]) or "token")
                for match in _TOKEN.finditer(text)
            ]
        if ":" in text:
            spans += [(*m.span(1), m[1], "signature") for m in _SIGNED_BODY.finditer(text)]
        known = [*self._kinds.items(), *local.items()]
        spans += [
            (*place, secret, kind)
            for secret, kind in known
            if secret in text
            for place in _places(secret, text)
        ]
        reading = read(text)
        if reading is not None:
            spans += [
                (*reading.span(*place), secret, kind)
                for secret, kind in known
                if (wanted := plain(secret)) and wanted in reading.text
                for place in _places(wanted, reading.text)
            ]
        for start, end, run in find_runs(text):
            if held := self._search(run):
                spans.append((start, end, held, self._kinds[held]))
        return spans

    def _search(self, run: str) -> str | None:
        """The secret that a run of base64 holds."""
        count, held = self._runs.get(run, (0, None))
        if held is None and count < len(self._kinds):
            data = decode_run(run)
            # Those that it was searched for already do not come to be in it.
            fresh = list(self._kinds)[count:]
            held = next(
                (one for one in fresh if len(one) >= _FOLLOWED and _bytes(one) in data), None
            )
            self._runs[run] = len(self._kinds), held
        return held

    def _label(self, secret: str, kind: str) -> str:
        label = self._labels.get(secret)
        if label is None:
            count = self._counts[kind] = self._counts.get(kind, 0) + 1
            label = self._labels[secret] = f"<{kind} {count}>"
            self._keep_claims(secret, label)
        return label

    def _keep_claims(self, secret: str, label: str) -> None:
        at = secret.find("eyJ")
        parts = secret[at:].split(".") if at >= 0 else []
        if len(parts) < 2:
            return
        if len(parts) > 2 and len(parts[2]) >= _FOLLOWED:
            self.register(parts[2], "signature")
        header, claims = (_decode(part) for part in parts[:2])
        if header is None and claims is None:
            return
        # The place is taken first: what stands inside may itself be a token.
        self._tokens[label] = DecodedToken(label, secret[:at], None, None)
        self._tokens[label] = DecodedToken(label, secret[:at], self.data(header), self.data(claims))


def _kind_of_name(name: str) -> str | None:
    """The kind of secret that stands under a key, field or header of this name."""
    word = _SEPARATORS.sub("", name.lower())
    if "csrf" in word:
        return "CSRF token"
    if "password" in word or word == "passwd":
        return "password"
    if word.endswith("token"):
        return "token"
    if word.endswith(("secret", "secretkey", "apikey")):
        return "secret"
    if word.endswith("signature"):
        return "signature"
    if word.endswith("cookie") or word == "sentrysid":
        return "session cookie"
    return None


def _kind_of_value(value: str) -> str | None:
    low = value.lower()
    for prefix, kind in _PREFIXES.items():
        if low.startswith(prefix):
            return kind
    return "JWT" if value.startswith("eyJ") and "." in value else None


def _places(wanted: str, text: str) -> list[tuple[int, int]]:
    places = []
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if len(wanted) >= _SHORT or _is_word(text, start, end):
            places.append((start, end))
        start = text.find(wanted, end)
    return places


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _is_word(text: str, start: int, end: int) -> bool:
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True)
    except ValueError:
        return []


def _json_pairs(text: str) -> list[tuple[str, str]]:
    """Names and texts of what is nearly JSON."""
    return re.findall(r'"([^"\\]{1,100})"\s*:\s*"([^"\\]*)"', text)


def _field_pairs(text: str) -> list[tuple[str, str]]:
    """Names and values of the fields of a page; a password field's name is `password`."""
    pairs = []
    for tag in _FIELD.findall(text):
        found = {name.lower(): html.unescape(a or b) for name, a, b in _ATTRIBUTE.findall(tag)}
        name = "password" if found.get("type") == "password" else found.get("name", "")
        pairs.append((name, found.get("value", "")))
    return pairs


def _decode(part: str) -> Any:
    part = part.rstrip("=")
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
