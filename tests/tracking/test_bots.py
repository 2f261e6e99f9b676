"""Robots are marked and people are not."""

import pytest
from django.test import RequestFactory

from django_recs.tracking.bots import device_of, is_bot, is_bot_agent

ROBOTS = """
Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)
Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)
Mozilla/5.0 (compatible; YandexMetrika/2.0; +http://yandex.com/bots)
Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)
DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)
Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)
facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)
Twitterbot/1.0
LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)
Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)
TelegramBot (like TwitterBot)
WhatsApp/2.23.20.0
Pinterest/0.2 (+https://www.pinterest.com/bot.html)
Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)
Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)
Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)
Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)
CCBot/2.0 (https://commoncrawl.org/faq/)
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15 (Applebot/0.1)
Mediapartners-Google
AdsBot-Google (+http://www.google.com/adsbot.html)
Googlebot-Image/1.0
GoogleOther
Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)
ia_archiver (+http://www.alexa.com/site/help/webmasters; crawler@alexa.com)
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36
Mozilla/5.0 (Linux; Android 11; moto g power) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36 Chrome-Lighthouse
curl/8.5.0
Wget/1.21.3
python-requests/2.31.0
Python/3.11 aiohttp/3.9.1
python-httpx/0.27.0
Go-http-client/2.0
Java/17.0.2
Apache-HttpClient/4.5.14 (Java/17)
okhttp/4.12.0
axios/1.6.2
node-fetch/1.0 (+https://github.com/bitinn/node-fetch)
PostmanRuntime/7.36.0
libwww-perl/6.72
Ruby
GuzzleHttp/7
k6/0.48.0 (https://k6.io/)
Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)
Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)
Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)
W3C_Validator/1.3
Feedly/1.0 (+http://www.feedly.com/fetcher.html; 1 subscribers)
Scrapy/2.11.0 (+https://scrapy.org)
Mozilla/5.0
""".strip().splitlines()  # noqa: E501 user agents are as long as they are

PEOPLE = """
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0
Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0
Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1
Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1
Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1
Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36
Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
Mozilla/5.0 (Linux; Android 12; CUBOT_P50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 YaBrowser/24.4.0 Mobile Safari/537.36
Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/110.0.0.0 YandexBrowser/23.3.0 Safari/537.36
Mozilla/5.0 (Linux; Android 13; M2102J20SG) AppleWebKit/537.36 Version/4.0 Chrome/100.0 Mobile Safari/537.36 YandexSearch/23.10
Mozilla/5.0 (Linux; Android 9; HUAWEI) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/97.0 Mobile Safari/537.36 baiduboxapp/13.9
Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/20A362 [FBAN/FBIOS;FBAV/390.0]
Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 300.0.0.0
Mozilla/5.0 (Linux; Android 11; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.5.2 like Chrome/120.0 Safari/537.36
Mozilla/5.0 (Linux; U; Android 4.4.2; en-us) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30
Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko
Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; en) Presto/2.12.423 Version/12.16
""".strip().splitlines()  # noqa: E501


@pytest.mark.parametrize("agent", ["", "  ", *ROBOTS])
def test_a_robot_is_known_by_its_agent(agent: str) -> None:
    assert is_bot_agent(agent)


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_person_is_not_taken_for_a_robot(agent: str) -> None:
    assert not is_bot_agent(agent)


@pytest.mark.parametrize(
    ("purpose", "marked"), [("prefetch", True), ("prefetch;prerender", True), ("Prerender", True), ("", False)]
)
def test_a_page_loaded_ahead_of_time_was_seen_by_nobody(purpose: str, marked: bool) -> None:
    headers = {"User-Agent": PEOPLE[0]} | ({"Sec-Purpose": purpose} if purpose else {})

    assert is_bot(RequestFactory().get("/", headers=headers)) is marked


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (PEOPLE[0], "desktop"),
        (PEOPLE[3], "desktop"),
        (PEOPLE[6], "mobile"),
        (PEOPLE[8], "tablet"),
        (PEOPLE[9], "mobile"),
        (PEOPLE[10], "tablet"),
        (PEOPLE[19], "tablet"),
        (PEOPLE[22], "mobile"),
        ("", ""),
    ],
)
def test_a_device_is_one_of_three(agent: str, device: str) -> None:
    assert device_of(agent) == device
