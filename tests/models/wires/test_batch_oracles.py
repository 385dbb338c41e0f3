"""The providers' own SDKs as oracles of batches: they hand in our rows and read the answers."""

from __future__ import annotations

import io
import json

import pytest

from api_stub import Reply
from batch_stub import BatchStub
from engine_kit import ask
from harness.models.transport import HttpFailure
from harness.models.wires import anthropic, openai
from harness.models.wires.batches import AnthropicBatches, OpenAIBatches
from harness.models.wires.rules import Rules

pytestmark = pytest.mark.filterwarnings("ignore")
KEY = "sk-canary-0123456789"
QUESTIONS = [ask(f"question {n}", max_tokens=5) for n in range(3)]


def rows(wire, batches, model):
    return [
        batches.row(f"t-{n}", wire.call(request, Rules(model), letters=False, stream=False))
        for n, request in enumerate(QUESTIONS)
    ]


def test_openai_takes_our_rows_and_reads_what_we_read():
    batches = OpenAIBatches()
    ours = rows(openai, batches, "m")
    with BatchStub(lambda asked: Reply(asked.text), polls=0, expire=frozenset({1})) as stub:
        sdk = pytest.importorskip("openai", reason="the SDK openai is not installed")
        with sdk.OpenAI(base_url=f"{stub.url}/v1", api_key=KEY, max_retries=0) as client:
            path, fields, content = batches.upload(ours)
            assert path == "/files"
            file = client.files.create(file=("b.jsonl", io.BytesIO(content)), **fields)
            made = client.batches.create(**batches.creation(ours, file.id, "token"))
            theirs = client.batches.retrieve(made.id)
            (listed,) = client.batches.list(limit=100).data
            text = client.files.content(theirs.output_file_id).text
    job = batches.job(theirs.model_dump())

    assert (job.id, job.ended, job.n, job.token) == (theirs.id, True, 3, "token")
    assert (listed.id, listed.metadata) == (made.id, {"harness": "token"})
    assert job.results[0] == f"/files/{theirs.output_file_id}/content"
    found = [openai.read(batches.result(json.loads(line))).text for line in text.splitlines()]
    assert sorted(found) == ["question 0", "question 2"]


def test_anthropic_takes_our_rows_and_reads_what_we_read():
    batches = AnthropicBatches()
    ours = rows(anthropic, batches, "claude-haiku-4-5")
    with BatchStub(lambda asked: Reply(asked.text), polls=0, expire=frozenset({1})) as stub:
        sdk = pytest.importorskip("anthropic", reason="the SDK anthropic is not installed")
        with sdk.Anthropic(base_url=stub.url, api_key=KEY, max_retries=0) as client:
            made = client.messages.batches.create(**batches.creation(ours, "", "token"))
            theirs = client.messages.batches.retrieve(made.id)
            (listed,) = client.messages.batches.list(limit=100).data
            results = [row.model_dump() for row in client.messages.batches.results(made.id)]
    job = batches.job(theirs.model_dump())

    assert (job.id, job.ended, job.n) == (made.id, True, 3)
    assert listed.id == made.id
    answered = [row for row in results if row["result"]["type"] == "succeeded"]
    found = [anthropic.read(batches.result(row)).text for row in answered]
    assert sorted(found) == ["question 0", "question 2"]
    (expired,) = [row for row in results if row not in answered]
    with pytest.raises(HttpFailure, match="expired"):
        batches.result(expired)
