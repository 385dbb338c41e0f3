"""The server on this machine: every sample in full, for whoever has the token, and nobody else."""

import http.client
import json
import threading
from dataclasses import replace

import pytest

from harness.analysis.compare import compare
from harness.report.decision import write_decision
from harness.report.links import run_key
from harness.report.view import Viewer, ViewServer
from harness.store.read import load_run
from hostile_runs import EVIL
from run_files import MODEL, PlantedTask, counts, write_run

LONG = "start" + "x" * 100_000 + EVIL


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    results = tmp_path_factory.mktemp("view")
    for i in range(2):
        plan = PlantedTask(counts(correct=5, wrong=4, error=1), seed=i, reply=lambda *_: LONG)
        model = replace(MODEL, name=f"model-{i}", sha256=f"{i:064x}")
        write_run(results, {"mini": plan}, run_id=f"run-{i}", model=model)
    with ViewServer(Viewer(results)) as started:
        threading.Thread(target=started.serve_forever, daemon=True).start()
        yield started
        started.shutdown()


def get(server, path, host=None, token=None, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    headers = {"Host": host or f"127.0.0.1:{server.server_port}"}
    connection.request(method, f"/{token or server.token}/{path}", headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode("utf-8")
    connection.close()
    return answer, body


@pytest.fixture
def page(server):
    return next(name for name in server.viewer._pages if name.startswith("samples/"))


def test_pages_are_served_with_links_that_stay_inside(server, page):
    index, text = get(server, "")

    assert index.status == 200
    assert index.headers["Content-Type"] == "text/html; charset=utf-8"
    assert index.headers["Cache-Control"] == "no-store"
    assert f'href="{page}"' in text
    assert "connect-src &#39;self&#39;" in text or "connect-src 'self'" in text
    assert get(server, page)[0].status == 200


def test_a_sample_comes_whole(server, page):
    answer, body = get(server, f"{page}/items/3")

    said = json.loads(body)
    replies = [reply[0] for model in said["replies"] for reply in model]
    assert answer.headers["Content-Type"] == "application/json"
    assert LONG in replies
    assert said["messages"][0][1].startswith("Question 3")


def test_a_search_reads_prompts_and_the_replies_of_two(server, page):
    key = run_key(server.viewer._tables[page].entries[0])

    asked = json.loads(get(server, f"{page}/search?q=question+7:")[1])
    replied = json.loads(get(server, f"{page}/search?q=XXXX&first={key}")[1])
    nobody = json.loads(get(server, f"{page}/search?q=XXXX&first=nobody")[1])

    assert asked == [7]
    assert len(replied) == 9
    assert nobody == []


def test_linked_decision_reports_are_served_and_other_files_are_not(tmp_path):
    for i in range(2):
        model = replace(MODEL, name=f"model-{i}", sha256=f"{i:064x}")
        write_run(tmp_path / "results", {"mini": PlantedTask(counts(correct=5, wrong=4), seed=i)},
                  run_id=f"run-{i}", model=model)  # fmt: skip
    pair = tuple(load_run(tmp_path / "results" / f"run-{i}") for i in range(2))
    page = write_decision(compare(*pair), pair, tmp_path / "reports" / "compare")
    page.with_name("secret.html").write_text("secret", encoding="utf-8")
    viewer = Viewer(tmp_path / "results", tmp_path / "reports")

    index, path = viewer.answer("").body.decode(), f"compare/{page.name}"
    assert f'href="{path}"' in index
    assert viewer.answer(path).body == page.read_bytes()
    for other in ("compare/secret.html", f"compare/../{path}", "compare/"):
        assert viewer.answer(other).status == 404
    page.unlink()
    assert viewer.answer(path).status == 404


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        ("", {"token": "guess"}, 403),
        ("", {"host": "evil.example"}, 403),
        ("", {"host": "localhost.evil.example:80"}, 403),
        ("", {"method": "POST"}, 501),
        ("../../etc/passwd", {}, 404),
        ("samples/none.html/items/1", {}, 404),
        ("{page}/items/99", {}, 404),
        ("{page}/items/-1", {}, 404),
        ("{page}/items/²", {}, 404),
        ("{page}/other", {}, 404),
    ],
)
def test_everything_else_is_refused(server, page, path, changes, status):
    asked = path.replace("{page}", page).replace("²", "%C2%B2")

    answer, body = get(server, asked, **changes)

    assert answer.status == status
    assert "Question" not in body


def test_it_listens_to_this_machine_only(server):
    assert server.server_address[0] == "127.0.0.1"
    assert len(server.token) >= 32


def test_a_table_damaged_meanwhile_is_named(tmp_path):
    folder = write_run(tmp_path, {"mini": PlantedTask(counts(correct=5))})
    viewer = Viewer(tmp_path)
    (folder / "responses.parquet").write_bytes(b"PAR1")
    page = next(iter(viewer._tables))

    answer = viewer.answer(f"{page}/items/0")

    assert answer.status == 500
    assert b"run it again with --fresh" in answer.body
