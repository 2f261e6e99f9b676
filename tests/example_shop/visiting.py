"""A visitor without JavaScript: cookies, forms, and nothing else."""

import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPMessage
from http.cookiejar import CookieJar


@dataclass(frozen=True, kw_only=True)
class Page:
    status: int
    url: str
    """Where redirects led."""
    text: str
    headers: HTTPMessage


@dataclass(kw_only=True)
class Visitor:
    """One browser session on one shop."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: CookieJar = field(default_factory=CookieJar)

    def get(self, path: str) -> Page:
        return self._send(urllib.request.Request(self._address(path), headers=self.headers))  # noqa: S310

    def submit(self, page: str, action: str, **fields: str) -> Page:
        """Open ``page`` and send the form whose action is ``action``, with its CSRF token."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(page).text)
        assert token, f"no form on {page}"
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        return self._send(urllib.request.Request(self._address(action), data=body, headers=self.headers))  # noqa: S310

    def cookie(self, name: str) -> str | None:
        return next((cookie.value for cookie in self.cookies if cookie.name == name), None)

    def _address(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path

    def _send(self, request: urllib.request.Request) -> Page:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        try:
            answer = opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Page(status=answer.status or 0, url=answer.url, text=answer.read().decode(), headers=answer.headers)
