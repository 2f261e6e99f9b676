"""Robots are marked, not dropped: training leaves them out, and they stay countable."""

import re
from functools import lru_cache
from importlib.resources import files

from django.http import HttpRequest


def is_bot(request: HttpRequest) -> bool:
    """Whether a program and not a person sent this: a known or empty user agent, or a page loaded ahead of time."""
    purpose = request.headers.get("Sec-Purpose", "").lower()
    if "prefetch" in purpose or "prerender" in purpose:
        return True
    return is_bot_agent(request.headers.get("User-Agent", ""))


def is_bot_agent(user_agent: str) -> bool:
    """Whether the user agent is empty or matches a pattern of ``bot_agents.txt``."""
    return not user_agent.strip() or bool(_bot_pattern().search(user_agent[:1_000]))


@lru_cache(maxsize=1)
def _bot_pattern() -> re.Pattern[str]:
    lines = files(__package__).joinpath("bot_agents.txt").read_text(encoding="utf-8").splitlines()
    return re.compile("|".join(line for line in lines if line and not line.startswith("#")), re.IGNORECASE)


_TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|android(?!.*(?:mobile|opera mini))", re.IGNORECASE)
_MOBILE = re.compile(r"mobi|iphone|ipod|android|blackberry|opera mini|windows phone", re.IGNORECASE)


def device_of(user_agent: str) -> str:
    """``mobile``, ``tablet`` or ``desktop``; "" without a user agent. Nothing finer is kept of it."""
    agent = user_agent[:1_000].strip()
    if not agent:
        return ""
    if _TABLET.search(agent):
        return "tablet"
    return "mobile" if _MOBILE.search(agent) else "desktop"
