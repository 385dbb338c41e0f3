import dataclasses

import pytest

from harness.protocol import Protocol, differences, prompts_hash, sample_ids_hash
from harness.records import Decoding, Message, Request, RequestKind, canonical_json, content_hash
from samples import PROTOCOL, request, sample

GOLDEN_PROMPTS = "5a1dad999d62d1c38ce6c6984d5e2cf6a9692ecba60f389c02be78c4f60585bd"
FIELDS = [field.name for field in dataclasses.fields(Protocol)]


def flipped(value):
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, tuple):
        return (*value, "\n")
    return value + 1


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_changes_the_fingerprint_and_is_named(field):
    other = dataclasses.replace(PROTOCOL, **{field: flipped(getattr(PROTOCOL, field))})

    assert other.fingerprint != PROTOCOL.fingerprint
    assert [d.field for d in differences(PROTOCOL, other)] == [field]


def test_equal_protocols_have_no_difference():
    copy = Protocol.from_mapping(dataclasses.asdict(PROTOCOL))

    assert copy == PROTOCOL
    assert copy.fingerprint == PROTOCOL.fingerprint
    assert differences(PROTOCOL, copy) == ()


def test_the_design_lists_no_field_that_is_missing():
    asked_for = {
        "dataset", "revision", "split", "sample_ids", "template", "shots", "shot_ids",
        "shot_order", "option_order", "system_prompt", "temperature", "top_p", "max_tokens",
        "stop", "seed", "repeats", "kind", "scorer", "judge", "judge_prompt", "averaging",
    }  # fmt: skip

    assert asked_for <= set(FIELDS)


def test_hashes_over_samples_do_not_depend_on_their_order():
    samples = [sample(n) for n in range(5)]

    assert sample_ids_hash(samples) == sample_ids_hash(samples[::-1])
    assert prompts_hash(samples) == prompts_hash(samples[::-1])
    assert sample_ids_hash(samples) != sample_ids_hash(samples[:4])


def test_the_hash_of_prompts_without_turns_stays():
    samples = [sample(n) for n in range(3)]

    assert prompts_hash(samples) == content_hash(
        [[f"id{n}", [request(f"question {n}").key]] for n in range(3)]
    )
    assert prompts_hash(samples) == GOLDEN_PROMPTS


def test_each_turn_changes_the_hash_of_prompts():
    conversations = [
        (),
        ("And then?",),
        ("And now?",),
        ("And then?", "And now?"),
        ("And then?", ""),
    ]
    hashes = {prompts_hash([sample(turns=turns)]) for turns in conversations}

    assert len(hashes) == len(conversations)


@pytest.mark.parametrize(
    "change",
    [
        {"messages": (Message("user", "other"),)},
        {"messages": (Message("system", "1 + 1 = ?"),)},
        {"messages": (Message("user", "1 + 1 = ?", "\n"),)},
        {"decoding": Decoding(17, (), 0.0, 1.0, 0)},
        {"decoding": Decoding(16, ("\n",), 0.0, 1.0, 0)},
        {"decoding": Decoding(16, (), 0.5, 1.0, 0)},
        {"decoding": Decoding(16, (), 0.0, 0.9, 0)},
        {"decoding": Decoding(16, (), 0.0, 1.0, 1)},
        {"continuations": (" A",)},
        {"letters": ("A",)},
        {"repeat": 1},
    ],
)
def test_each_part_of_a_request_changes_its_key(change):
    assert dataclasses.replace(request(), **change).key != request().key


def test_a_request_is_hashed_with_every_field():
    decoding = Decoding(max_tokens=4, stop=("\n",), temperature=0.5, top_p=0.9, seed=3)
    messages = (Message("user", "é \ud83d", "\n"), Message("assistant", "B"))
    for each in (
        Request(RequestKind.GENERATE, messages, decoding, letters=("A", "B"), repeat=2),
        Request(RequestKind.LOGPROB, messages[:1], continuations=(" A", " B")),
    ):
        assert canonical_json(each.plain()) == canonical_json(dataclasses.asdict(each))
        assert each.key == content_hash(dataclasses.asdict(each))
