"""Every table and column of a run on disk, in one place.

A finished run is a folder with `run.json` (the manifest, written last), `samples.parquet`,
`responses.parquet` and `scores.parquet`. While it runs, the same rows live in `journal.sqlite`.

Version history:
1: first version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SCHEMA_VERSION = 1

Type = Literal["text", "integer", "real", "json"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `json` is stored as text and holds canonical JSON.

    An `optional` column came after the first files of this schema version; it is null in those
    and stands last, so that the rows of a journal begun without it keep their order.
    """

    name: str
    type: Type
    meaning: str
    optional: bool = False


TASK = Column("task", "text", "name of the task, such as mmlu")
SAMPLE_ID = Column("sample_id", "text", "hash of task, subject and content of the item")

SAMPLES = (
    TASK,
    SAMPLE_ID,
    Column("position", "integer", "order of the samples in the run, from 0"),
    Column("subject", "text", "subject within the task, such as anatomy"),
    Column("gold", "text", "the right answer, as the scorer compares it"),
    Column("choices", "json", "option texts in the order shown; empty where there are none"),
    Column("requests", "json", "what is sent: list of kind, messages, decoding, letters, ..."),
    Column("doc", "json", "the item as the dataset gives it, where a scorer needs it"),
    Column("turns", "json", "what the user says after each reply; empty: one turn", optional=True),
)

RESPONSES = (
    TASK,
    SAMPLE_ID,
    Column("part", "integer", "which of the sample's requests or turns this answers, from 0"),
    Column("request_key", "text", "hash of the request that this answers"),
    Column("text", "text", "the raw reply; null where there was none"),
    Column("finish_reason", "text", "stop, length, content_filter or refusal; null for logprob"),
    Column("error_kind", "text", "null, or why there is no answer: context, timeout, crash, ..."),
    Column("error_message", "text", "the error in one sentence"),
    Column("logprobs", "json", "natural log-likelihood of each continuation"),
    Column("greedy", "json", "whether each continuation is what greedy decoding would say"),
    Column("letter_logprobs", "json", "log-probability of each letter at the first position"),
    Column("prompt_tokens", "integer", "tokens of the prompt"),
    Column("reused_tokens", "integer", "of these, how many came from the prompt cache"),
    Column("output_tokens", "integer", "tokens generated"),
    Column("prefill_seconds", "real", "time to evaluate the tokens that were not reused"),
    Column("decode_seconds", "real", "time to generate the tokens"),
    Column("first_token_seconds", "real", "request sent to first token"),
    Column("total_seconds", "real", "request sent to answer complete, monotonic clock"),
    Column("peak_memory_bytes", "integer", "largest resident set of the engine so far"),
    Column("cost_usd", "real", "price of this response in USD; null where unknown"),
    Column("answered_at", "text", "UTC time, ISO 8601"),
    Column("model_version", "text", "model name as the server reported it"),
    Column("system_fingerprint", "text", "the server's own fingerprint of its set-up"),
    Column("origin", "text", "run that asked this; another run's id where it was reused"),
    Column("letter_bound", "real", "no letter without a value is likelier (nats)", optional=True),
    Column("reasoning_tokens", "integer", "output tokens thought and not said", optional=True),
    Column("attempts", "integer", "calls made for this, failed ones included", optional=True),
)

SCORES = (
    TASK,
    SAMPLE_ID,
    Column("subject", "text", "subject within the task"),
    Column("outcome", "text", "correct, wrong, unparsed, truncated, refused or error"),
    Column("value", "real", "1 or 0 (or graded); null where the reply could not be judged"),
    Column("answer", "text", "what was extracted from the reply"),
    Column("first_answer", "text", "first candidate in the reply, where scorers look for several"),
    Column("gold", "text", "the right answer"),
    Column("scorer", "text", "id and version of the scorer that decided"),
    Column("detail", "json", "further metrics or reasons of the scorer"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "samples": SAMPLES,
    "responses": RESPONSES,
    "scores": SCORES,
}
