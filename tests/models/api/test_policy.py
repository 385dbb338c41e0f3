"""How long to wait, and what a failure means: no network, no clock."""

import json
import random
from datetime import UTC, datetime

import pytest

from harness.models.api.faults import Advice, provider_words, refuses_logprobs, understand
from harness.models.api.policy import Policy, told_wait
from harness.models.transport import FailureKind, HttpFailure

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def status(code, body="", **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    return HttpFailure(
        FailureKind.STATUS, text, code, {k.replace("_", "-"): v for k, v in headers.items()}
    )


def told(**headers):
    return told_wait(status(429, **headers), NOW)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0.25", 0.25),
        ("0", 0.0),
        ("90", 90.0),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sunday, 22-Nov-26 12:00:05 GMT", 5.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
    ],
)
def test_retry_after_in_both_forms_and_in_none(text, seconds):
    assert (
        told_wait(HttpFailure(FailureKind.STATUS, "", 429, {"Retry-After": text}), NOW) == seconds
    )


def test_milliseconds_win_over_seconds_and_google_says_it_in_the_body():
    both = {"retry-after-ms": "1500", "Retry-After": "9"}
    assert told_wait(HttpFailure(FailureKind.STATUS, "", 429, both), NOW) == 1.5
    google = {"error": {"details": [{"@type": "RetryInfo", "retryDelay": "34.5s"}]}}
    assert told_wait(status(429, google), NOW) == 34.5


def test_a_wait_that_is_asked_for_is_honoured_up_to_a_limit():
    policy, rng = Policy(longest_wait=60.0), random.Random(1)
    headers = {"Retry-After": "7"}

    waits = [
        policy.wait(1, rng, HttpFailure(FailureKind.STATUS, "", 429, headers)) for _ in range(50)
    ]
    headers["Retry-After"] = "86400"
    longest = policy.wait(1, rng, HttpFailure(FailureKind.STATUS, "", 429, headers))

    assert all(7.0 <= wait <= 8.0 for wait in waits)
    assert 60.0 <= longest <= 61.0


def test_waits_grow_with_full_jitter_and_are_capped():
    policy, rng = Policy(first_wait=1.0, longest_wait=8.0), random.Random(1)
    drawn = {n: [policy.wait(n, rng) for _ in range(400)] for n in (1, 2, 3, 10, 5000)}

    for failures, limit in ((1, 1), (2, 2), (3, 4), (10, 8), (5000, 8)):
        assert 0 <= min(drawn[failures]) < 0.1 * limit
        assert 0.9 * limit < max(drawn[failures]) <= limit


@pytest.mark.parametrize(
    ("failure", "advice", "kind"),
    [
        (HttpFailure(FailureKind.CONNECTION, "reset"), Advice.AGAIN, "connection"),
        (HttpFailure(FailureKind.TIMEOUT, "slow"), Advice.AGAIN, "timeout"),
        (HttpFailure(FailureKind.MALFORMED, "<html>", 200), Advice.AGAIN, "malformed"),
        (status(408), Advice.AGAIN, "server"),
        (status(409), Advice.AGAIN, "server"),
        (status(500), Advice.AGAIN, "server"),
        (status(502, "<html>Bad gateway"), Advice.AGAIN, "server"),
        (status(524), Advice.AGAIN, "server"),
        (status(429), Advice.ALL_WAIT, "rate_limit"),
        (status(503), Advice.ALL_WAIT, "rate_limit"),
        (status(529, '{"error": {"type": "overloaded_error"}}'), Advice.ALL_WAIT, "rate_limit"),
        (status(400), Advice.GIVE_UP, "request"),
        (status(422), Advice.GIVE_UP, "request"),
        (status(302), Advice.GIVE_UP, "request"),
        (status(404), Advice.NOT_THERE, "request"),
        (status(401), Advice.WRONG_KEY, "auth"),
        (status(403), Advice.WRONG_KEY, "auth"),
        (status(402), Advice.NO_QUOTA, "quota"),
        (status(413), Advice.GIVE_UP, "context"),
    ],
)  # fmt: skip
def test_what_a_failure_means(failure, advice, kind):
    fault = understand(failure)

    assert (fault.advice, fault.kind) == (advice, kind)


@pytest.mark.parametrize(
    ("code", "body", "advice"),
    [
        # OpenAI: the same words for a used-up quota as Google for any rate limit.
        (429, {"error": {"message": "You exceeded your current quota, please check your plan and "
                         "billing details.", "code": "insufficient_quota"}}, Advice.NO_QUOTA),
        (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded "
                         "your current quota, please check your plan and billing details."}},
         Advice.ALL_WAIT),
        (429, {"error": {"code": 429, "details": [{"violations": [{"quotaId":
                         "GenerateRequestsPerDayPerProjectPerModel"}]}]}}, Advice.NO_QUOTA),
        (400, {"type": "error", "error": {"type": "invalid_request_error", "message":
               "Your credit balance is too low to access the Anthropic API."}}, Advice.NO_QUOTA),
        (403, {"error": {"type": "billing_error", "message": "x"}}, Advice.NO_QUOTA),
        (400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid. "
               "Please pass a valid API key.", "details": [{"reason": "API_KEY_INVALID"}]}},
         Advice.WRONG_KEY),
        (400, [{"error": {"code": 400, "message": "API key not valid."}}], Advice.WRONG_KEY),
        (400, {"error": {"code": "content_filter", "message": "filtered"}}, Advice.FILTERED),
        (400, {"error": {"code": "invalid_prompt", "message": "flagged"}}, Advice.FILTERED),
    ],
)  # fmt: skip
def test_quota_key_and_filter_are_told_from_their_words(code, body, advice):
    assert understand(status(code, body)).advice is advice


@pytest.mark.parametrize(
    "words",
    [
        {"error": {"code": "context_length_exceeded", "message": "too long"}},
        {"error": {"type": "exceed_context_size_error", "message": "request (3643 tokens)"}},
        {"type": "error", "error": {"type": "invalid_request_error",
                                    "message": "prompt is too long: 210000 tokens > 200000"}},
        {"error": {"code": 400, "message": "The input token count (9) exceeds the maximum number "
                                           "of tokens allowed (8)."}},
        {"error": {"message": "This model's maximum context length is 4096 tokens."}},
    ],
)  # fmt: skip
def test_a_prompt_that_is_too_long_is_told(words):
    fault = understand(status(400, words))

    assert (fault.advice, fault.kind) == (Advice.GIVE_UP, "context")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"error": {"message": "no\\n such  thing", "type": "x"}}', "no such thing"),
        ('{"type": "error", "error": {"message": "busy"}}', "busy"),
        ('[{"error": {"message": "listed"}}]', "listed"),
        ('{"error": "plain"}', "plain"),
        ('{"message": "bare"}', "bare"),
        ('{"detail": 1}', '{"detail": 1}'),
        ("<html>  502 </html>", "<html> 502 </html>"),
        ("", "(no words)"),
        ("[]", "[]"),
        ("[" * 100_000, ("[" * 400)),
    ],
)
def test_the_words_of_a_provider_are_found(text, words):
    assert provider_words(text) == words


def test_a_refusal_of_log_probabilities_is_recognized():
    assert refuses_logprobs(status(400, {"error": {"message": "'logprobs' is not supported"}}))
    assert refuses_logprobs(status(400, {"error": {"message": "Logprobs is not enabled for x"}}))
    assert refuses_logprobs(status(422, "logprobs: extra inputs are not permitted"))
    assert not refuses_logprobs(status(400, {"error": {"message": "bad request"}}))
    assert not refuses_logprobs(status(500, "logprobs"))
    assert not refuses_logprobs(HttpFailure(FailureKind.MALFORMED, "logprobs", 200))
