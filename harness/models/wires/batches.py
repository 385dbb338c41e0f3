"""How batches are submitted, looked at and read: OpenAI's by files, Anthropic's by messages.

A batch is answered within a day at half the price. Each row carries an id of ours, which begins
with the token of its batch: a batch whose id was lost can be recognised by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.models.transport import FailureKind, HttpFailure
from harness.models.wires.base import Call, malformed

_FINISHED = {"completed", "expired", "cancelled"}
_EXPIRED = "the batch expired before this request was processed; the same command asks it again"


@dataclass(frozen=True, slots=True)
class Job:
    """What a provider says of a batch.

    `n` counts its requests, None where that is not told yet. `failed` says why none of them was
    or will be processed. `results` are the paths of what came back, once it `ended`; `token` is
    None where the provider keeps none.
    """

    id: str
    ended: bool
    n: int | None = None
    failed: str | None = None
    results: tuple[str, ...] = ()
    token: str | None = None


class BatchWire(Protocol):
    """One provider's way with batches. Every function is pure.

    As with Wire, a misshapen answer raises a KeyError, IndexError, TypeError, ValueError or
    AttributeError.
    """

    path: str
    """Where batches are created, listed and, followed by an id, looked at."""

    def row(self, row_id: str, call: Call) -> dict[str, Any]:
        """Return one request of a batch."""

    def upload(self, rows: Sequence[dict[str, Any]]) -> tuple[str, dict[str, str], bytes] | None:
        """Return what is uploaded before (path, fields, file), None where nothing is."""

    def creation(self, rows: Sequence[dict[str, Any]], file_id: str, token: str) -> dict[str, Any]:
        """Return the body that creates a batch."""

    def job(self, answer: Any) -> Job:
        """Return what an answer says of a batch."""

    def result(self, row: Any) -> Any:
        """Return the answer in a row of results, in the form that the wire reads.

        Raises:
            HttpFailure: the row holds no answer.
        """


def row_id(row: Any) -> str:
    """Return the id of a row of results."""
    return str(row["custom_id"])


class OpenAIBatches:
    """Files and batches; https://platform.openai.com/docs/guides/batch."""

    path = "/batches"

    def row(self, row_id: str, call: Call) -> dict[str, Any]:
        """Return one request of a batch."""
        return {"custom_id": row_id, "method": "POST", "url": f"/v1{call.path}", "body": call.body}

    def upload(self, rows: Sequence[dict[str, Any]]) -> tuple[str, dict[str, str], bytes]:
        """Return what is uploaded before: the rows as a file."""
        return "/files", {"purpose": "batch"}, "\n".join(map(json.dumps, rows)).encode()

    def creation(self, rows: Sequence[dict[str, Any]], file_id: str, token: str) -> dict[str, Any]:
        """Return the body that creates a batch."""
        return {
            "input_file_id": file_id,
            "endpoint": rows[0]["url"],
            "completion_window": "24h",
            "metadata": {"harness": token},
        }

    def job(self, answer: Any) -> Job:
        """Return what an answer says of a batch."""
        status, counts = answer["status"], answer.get("request_counts") or {}
        files = (answer.get("output_file_id"), answer.get("error_file_id"))
        problems = (answer.get("errors") or {}).get("data") or ()
        words = "; ".join(str(problem.get("message")) for problem in problems[:3])
        return Job(
            id=str(answer["id"]),
            ended=status in _FINISHED or status == "failed",
            n=counts.get("total") or None,
            failed=words or "no reason is given" if status == "failed" else None,
            results=tuple(f"/files/{file}/content" for file in files if file),
            token=(answer.get("metadata") or {}).get("harness"),
        )

    def result(self, row: Any) -> Any:
        """Return the answer in a row of results."""
        told, error = row.get("response") or {}, row.get("error")
        if error:
            raise _failed(error)
        if told["status_code"] != 200:  # noqa: PLR2004
            text = json.dumps(told.get("body"))[:4000]
            raise HttpFailure(FailureKind.STATUS, text, int(told["status_code"]))
        return told["body"]


class AnthropicBatches:
    """Message batches; https://docs.claude.com/en/docs/build-with-claude/batch-processing."""

    path = "/v1/messages/batches"

    def row(self, row_id: str, call: Call) -> dict[str, Any]:
        """Return one request of a batch."""
        return {"custom_id": row_id, "params": call.body}

    def upload(self, rows: Sequence[dict[str, Any]]) -> None:
        """Return nothing: the rows are part of what creates a batch."""

    def creation(self, rows: Sequence[dict[str, Any]], file_id: str, token: str) -> dict[str, Any]:  # noqa: ARG002 - the other provider's
        """Return the body that creates a batch."""
        return {"requests": list(rows)}

    def job(self, answer: Any) -> Job:
        """Return what an answer says of a batch."""
        ended = answer["processing_status"] == "ended"
        counts = answer.get("request_counts") or {}
        return Job(
            id=str(answer["id"]),
            ended=ended,
            n=sum(counts.values()) or None,
            results=(f"{self.path}/{answer['id']}/results",) if ended else (),
        )

    def result(self, row: Any) -> Any:
        """Return the answer in a row of results."""
        found = row["result"]
        if found["type"] == "succeeded":
            return found["message"]
        if found["type"] == "errored":
            raise _failed((found.get("error") or {}).get("error") or {})
        raise HttpFailure(FailureKind.STATUS, _EXPIRED, EXPIRED)


EXPIRED = 408
"""The status that stands for a request that nobody processed."""

_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 400,  # of one row: the batch itself was accepted
    "permission_error": 400,
    "not_found_error": 400,
    "request_too_large": 413,
    "batch_expired": EXPIRED,
    "batch_cancelled": EXPIRED,
}


def _failed(error: Mapping[str, Any]) -> HttpFailure:
    code = str(error.get("code") or error.get("type"))
    text = _EXPIRED if _STATUSES.get(code) == EXPIRED else json.dumps({"error": dict(error)})
    return HttpFailure(FailureKind.STATUS, text[:4000], _STATUSES.get(code, 500))


def missing() -> HttpFailure:
    """Return the failure of a request without any row in the results."""
    return malformed("the results of the batch have no row for this request")
