"""The pages that Atrium serves, in a real browser: they look and work as they should, within their own policy."""

import pytest

from tests.support.chromium import Tab, browser
from tests.support.stack import Stack

pytestmark = pytest.mark.browser
STYLED = "getComputedStyle(document.querySelector('main')).display !== '' && getComputedStyle(document.body).display"


def site(stack: Stack) -> str:
    """By the one name without TLS for which browsers keep Secure cookies."""
    return stack.urls[0].replace("127.0.0.1", "localhost")


async def open_page(tab: Tab, url: str) -> None:
    """Open it; nothing of it was stopped, and it asked no other host."""
    await tab.go(url)
    await tab.until("new Promise(done => requestAnimationFrame(() => done(true)))")
    assert tab.complaints == []
    hosts = await tab.run("performance.getEntriesByType('resource').map(each => new URL(each.name).host)")
    assert set(hosts) <= {url.split("/")[2]}


async def test_documentation(stack: Stack) -> None:
    """The documentation has its style, and leads to what an operation takes."""
    async with browser() as tab:
        await open_page(tab, f"{site(stack)}/api/docs")
        assert await tab.run("getComputedStyle(document.querySelector('details')).borderTopWidth") == "1px"
        assert await tab.run("document.querySelectorAll('details').length") > 100
        assert await tab.run(
            "[...document.querySelectorAll('a')].every(a => a.hash === '' || "
            "document.getElementById(decodeURIComponent(a.hash.slice(1))))"
        )
        assert tab.complaints == []


async def test_signing_in(stack: Stack) -> None:
    """Somebody signs in on the page, is told when the password is wrong, and goes where they wanted to."""
    stack.call(
        "/api/auth/register", json_body={"email": "page@example.com", "password": "a dozen blue herons"}, expect=201
    )
    async with browser() as tab:
        await open_page(tab, f"{site(stack)}/auth/signin?callbackUrl=/api/docs")
        assert await tab.run(STYLED) == "grid"
        fill = "document.getElementById('{}').value = '{}'"
        await tab.run(fill.format("login", "page@example.com"))
        await tab.run(fill.format("password", "something else"))
        await tab.run("document.querySelector('#signin button').click()")
        await tab.until("document.getElementById('said').textContent !== ''")
        assert "wrong" in await tab.run("document.getElementById('said').textContent")
        # The browser's own words about the 401.
        assert [line for line in tab.complaints if not line.startswith("network:")] == []
        tab.complaints.clear()
        await tab.run(fill.format("password", "a dozen blue herons"))
        await tab.run("document.querySelector('#signin button').click()")
        await tab.until("location.pathname === '/api/docs' && document.readyState === 'complete'")
        assert await tab.run("document.cookie") == ""
        assert tab.complaints == []
        await tab.go(f"{site(stack)}/api/auth/me")
        assert "page@example.com" in await tab.run("document.body.textContent")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("error?error=AccessDenied", "Access was denied"),
        ("error?error=<b>x</b>", "Something went wrong"),
        ("verify-email#token=x", "Confirm"),
        ("reset#token=x", "Choose a new password"),
    ],
)
async def test_other_pages(stack: Stack, path: str, said: str) -> None:
    """Each says what it is for; a token leaves the address at once."""
    async with browser() as tab:
        await open_page(tab, f"{site(stack)}/auth/{path}")
        assert await tab.run(STYLED) == "grid"
        assert said in await tab.run("document.querySelector('main').innerText")
        assert await tab.run("location.hash") == ""


async def test_what_the_policy_stops_is_noticed(stack: Stack) -> None:
    """These tests can fail: a script that is not the page's own is stopped, and is a complaint."""
    async with browser() as tab:
        await open_page(tab, f"{site(stack)}/auth/error")
        await tab.run("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
        await tab.until("new Promise(done => requestAnimationFrame(() => done(true)))")
        assert await tab.run("window.ran") is None
        assert any("Content Security Policy" in line for line in tab.complaints)
