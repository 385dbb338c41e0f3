from __future__ import annotations

from engine_kit import answers, ask, opened
from harness.models.llamacpp.schedule import Shares


def test_each_slot_gets_neighbours_and_helps_out_when_done():
    shares = Shares([ask(text) for text in ("b2", "a1", "b1", "a2", "b3", "a3")], 2)
    taken = [shares.take(slot).prompt for slot in (0, 1, 0, 1, 0)]

    assert taken == ["a1", "b1", "a2", "b2", "a3"]
    assert shares.take(0).prompt == "b3"
    assert not shares
    assert shares.take(0) is None


def test_more_slots_than_requests_is_fine():
    shares = Shares([ask("one")], 4)

    assert shares.take(3).prompt == "one"
    assert not Shares([], 4)


def test_every_slot_computes_a_shared_prefix_once(phi_file):
    heads = ["question answer choices " * 9, "little girl named once upon time " * 9]
    requests = [ask(f"{head} {n}", max_tokens=1) for head in heads for n in range(10)]
    with opened(phi_file, slots=2) as model:
        responses = answers(model, *requests)
    prompt = sum(response.prompt_tokens for response in responses)
    reused = sum(response.reused_tokens for response in responses)

    assert prompt / (prompt - reused) > 4
