from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path

import httpx
import msgspec
import pytest
from made_picture import picture

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.picture import Picture
from tocsin.page.assets import load_assets
from tocsin.page.server import HEADERS, make_app, serve

HOSTS = ("jpn-exercise.localhost", "127.0.0.1", "localhost")
BASE = "http://jpn-exercise.localhost:8803"


def ask(
    path: str, source: Picture | None = None, method: str = "GET", headers: dict[str, str] | None = None
) -> httpx.Response:
    async def run() -> httpx.Response:
        app = make_app(lambda: source, nation=Nation.JPN, plane=Plane.EXERCISE, hosts=HOSTS)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "path", ["/", "/main.js", "/lang/ko.js", "/data/areas.json", "/api/picture", "/nowhere"]
)
def test_every_answer_carries_every_header(path: str) -> None:
    answer = ask(path)
    assert answer.status_code == (404 if path == "/nowhere" else 200)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_policy_lets_nothing_in_from_elsewhere() -> None:
    policy = HEADERS["content-security-policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "http" not in policy
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize(
    "host", ["evil.example", "kor-exercise.localhost:8802", "jpn-exercise.localhost.evil.example"]
)
def test_other_host_names_are_refused(host: str) -> None:
    answer = ask("/api/picture", headers={"host": host})
    assert answer.status_code == 400
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("host", ["jpn-exercise.localhost:8803", "127.0.0.1:8803", "localhost"])
def test_own_host_names_are_answered(host: str) -> None:
    assert ask("/", headers={"host": host}).status_code == 200


def test_what_another_sites_page_asks_for_is_refused() -> None:
    foreign = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert ask("/api/picture", headers=foreign).status_code == 403
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert ask("/", headers=followed).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_read_only(method: str) -> None:
    assert ask("/api/picture", method=method).status_code == 405
    assert ask("/", method=method).status_code == 405


@pytest.mark.parametrize(
    "path", ["/..%2fserver.py", "/%2e%2e/server.py", "/data/../../server.py", "/static/main.js"]
)
def test_only_the_pages_own_files(path: str) -> None:
    assert ask(path).status_code == 404


def test_first_paint_says_whose_page_and_which_plane() -> None:
    text = ask("/").text
    assert 'data-nation="JPN" data-plane="EXERCISE"' in text
    assert "<title>JPN EXERCISE" in text
    assert "{{" not in text


def test_every_file_that_the_page_names_exists() -> None:
    assets = load_assets()
    scripts = [name for name in assets if name.endswith(".js") and not name.startswith("vendor/")]
    assert len(scripts) > 20
    for name in scripts:
        for source in re.findall(r'from "\./([^"]+)"', assets[name].data.decode()):
            assert source in assets, f"{name} imports {source}"


def test_no_inline_script_or_style() -> None:
    text = load_assets()["index.html"].data.decode()
    assert "<style" not in text
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", text)
    assert all(
        script.startswith('<script type="module" src=') for script in re.findall(r"<script[^>]*>", text)
    )


def test_picture_as_json() -> None:
    shown = picture(Nation.JPN, 400.0)
    assert msgspec.json.decode(ask("/api/picture", shown).content, type=Picture) == shown
    assert ask("/api/picture").json() is None


def test_missing_map_data_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run make setup"):
        load_assets(tmp_path)


def test_busy_port_names_port_and_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"port {port} on 127\.0\.0\.1.*; stop what uses it"):
            asyncio.run(serve(make_app(lambda: None, nation=Nation.JPN, plane=Plane.TEST), "127.0.0.1", port))
