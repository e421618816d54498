"""Where the service is: what of a URL is used, shown, and refused."""

import asyncio
import base64

import pytest
from starlette.responses import RedirectResponse

from cli.rest import Service, ServiceError
from tests.support.serving import listening


@pytest.mark.parametrize(
    ("url", "shown", "login"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", ""),
        ("https://vcfm.example.com/", "https://vcfm.example.com", ""),
        ("https://example.com/vcfm/", "https://example.com/vcfm", ""),
        ("http://[::1]:8080", "http://[::1]:8080", ""),
        ("https://kim:p%40ss@example.com:443", "https://example.com:443", "kim:p@ss"),
    ],
)
def test_a_login_is_sent_and_not_shown(url: str, shown: str, login: str) -> None:
    service = Service(url)
    assert service.url == shown
    sent = service._headers.get("Authorization", "").removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == login


@pytest.mark.parametrize(
    "url", ["", "vcfm", "127.0.0.1:8080", "localhost:8080", "file:///etc/passwd", "http://", "http://host:port", "http://[::1"]
)  # fmt: skip
def test_what_is_no_url_of_http(url: str) -> None:
    with pytest.raises(ServiceError, match=r"is not a valid URL .*\(--api\)"):
        Service(url)


async def test_a_redirect_is_not_followed() -> None:
    async with listening(RedirectResponse("/login", status_code=302)) as url:
        with pytest.raises(ServiceError, match="answers HTTP 302 without JSON"):
            await asyncio.to_thread(Service(url).start, {})
