"""Requests from lm-eval's prompts: chat turns for generation, plain text for likelihoods."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from harness.errors import TaskError
from harness.records import Decoding, Message, Request, RequestKind
from harness.tasks.catalog import TaskChoice, TaskEntry

LETTERS = "ABCDEFGHIJ"
_shared = functools.cache(Decoding)  # one for all items, in memory and on the way between processes


def option_texts(task: Any, doc: Any, options: str | None) -> tuple[str, ...]:
    """Return the option texts of an item: a field of the item, or what lm-eval scores."""
    if options is not None:
        return tuple(map(str, doc[options]))
    if task.config.doc_to_choice is None:
        return ()
    return tuple(map(str, task.doc_to_choice(doc)))


def later_turns(entry: TaskEntry, task: Any, doc: Any) -> tuple[str, ...]:
    """Return what the user says after the first reply: `metadata.turns` names the field.

    The field lists every turn; the first has to be what the task's `doc_to_text` gives.

    Raises:
        TaskError: the field is no such list, or the task does not ask for text.
    """
    field = (entry.config.get("metadata") or {}).get("turns")
    if field is None:
        return ()
    if task.OUTPUT_TYPE != "generate_until":
        raise TaskError(
            f"{entry.name} has turns but asks for {task.OUTPUT_TYPE}: only a generate_until task "
            "gets replies that a conversation could go on from"
        )
    stated = doc.get(str(field))
    if not isinstance(stated, list) or not all(isinstance(turn, str) for turn in stated):
        raise TaskError(
            f"{entry.name} takes its turns from {field!r}, expected a list of texts in every "
            f"item, got {stated!r:.200}"
        )
    if [task.doc_to_text(doc)] != stated[:1]:
        raise TaskError(
            f"{entry.name}: doc_to_text gives {task.doc_to_text(doc)!r:.200}, but {field!r} "
            f"begins with {stated[:1]!r:.200}; the first turn must be the same"
        )
    return tuple(stated[1:])


def first_turn(request: Request) -> Request:
    """Let a question end its line in plain text, so that the reply does not run into it."""
    *before, last = request.messages
    return replace(request, messages=(*before, replace(last, end=last.end or "\n")))


def generate_requests(
    choice: TaskChoice, task: Any, doc: Any, ends: dict[int, tuple[str, ...]]
) -> tuple[Request, ...]:
    """Ask for text: the description and the examples become chat turns.

    `ends` remembers, by number of turns, what follows each turn in the plain text.

    Raises:
        TaskError: the task cannot be asked of a chat model.
    """
    entry = choice.entry
    if task.doc_to_prefix(doc):
        raise TaskError(
            f"{entry.name} puts words into the model's mouth (gen_prefix), which chat APIs cannot "
            "honour; choose a task without it"
        )
    turns = task.fewshot_context(
        doc,
        num_fewshot=task.config.num_fewshot,
        apply_chat_template=True,
        fewshot_as_multiturn=True,
        chat_template=lambda messages, add_generation_prompt=True: messages,  # noqa: ARG005
    )
    if len(turns) not in ends:
        plain = task.fewshot_context(doc, num_fewshot=task.config.num_fewshot)
        ends[len(turns)] = _ends(entry, turns, plain)
    messages = _fold_system(turns, ends[len(turns)])
    letters = (entry.config.get("metadata") or {}).get("letters", False)
    count = len(option_texts(task, doc, entry.config["metadata"]["options"])) if letters else 0
    return (
        Request(
            RequestKind.GENERATE,
            messages,
            decoding=decoding(choice, task.config.generation_kwargs),
            letters=tuple(LETTERS[:count]),
        ),
    )


def _ends(entry: TaskEntry, turns: Sequence[Mapping[str, str]], plain: str) -> tuple[str, ...]:
    """Find what follows each turn in the plain text, by taking the turns out of it in order."""
    ends, position = [], 0
    for index, turn in enumerate(turns):
        if not plain.startswith(turn["content"], position):
            raise TaskError(f"{entry.name}: the chat turns and the plain prompt do not agree")
        position += len(turn["content"])
        follower = turns[index + 1]["content"] if index + 1 < len(turns) else ""
        end = plain.index(follower, position) if follower else len(plain)
        ends.append(plain[position:end])
        position = end
    return tuple(ends)


def _fold_system(turns: Sequence[Mapping[str, str]], ends: Sequence[str]) -> tuple[Message, ...]:
    """Let a task's description open the first user turn: some templates drop system messages."""
    messages = [Message(t["role"], t["content"], end) for t, end in zip(turns, ends, strict=True)]
    if messages[0].role == "system" and len(messages) > 1:
        system, first = messages[:2]
        content = system.content + system.end + first.content
        messages[:2] = [Message(first.role, content, first.end)]
    return tuple(messages)


def decoding(choice: TaskChoice, stated: Mapping[str, Any]) -> Decoding:
    """Take the decoding from a task's `generation_kwargs`; nothing is left to a default.

    Raises:
        TaskError: the length of replies is not stated.
    """
    max_tokens = choice.max_tokens or stated.get("max_gen_toks", stated.get("max_tokens"))
    if max_tokens is None:
        raise TaskError(
            f"{choice.entry.name} states no max_gen_toks: lm-eval would silently cut replies at "
            "256 tokens; say --max-tokens N"
        )
    until = stated["until"]
    sampled = stated.get("do_sample", False) or float(stated.get("temperature", 0.0)) > 0
    own = float(stated.get("temperature", 1.0)) if sampled else 0.0
    return _shared(
        max_tokens=int(max_tokens),
        stop=tuple([until] if isinstance(until, str) else until),
        temperature=own if choice.temperature is None else choice.temperature,
        top_p=float(stated.get("top_p", 1.0)),
        seed=int(stated.get("seed", 0)),
    )


def logprob_requests(
    choice: TaskChoice, task: Any, doc: Any, _: dict[int, tuple[str, ...]]
) -> tuple[Request, ...]:
    """Ask for log-likelihoods of continuations of plain text, as lm-eval defines them.

    Raises:
        TaskError: the task asks for something that gives no score of an item.
    """
    entry = choice.entry
    if task.OUTPUT_TYPE not in ("multiple_choice", "loglikelihood"):
        raise TaskError(
            f"{entry.name} asks for {task.OUTPUT_TYPE}, which gives no score of an item; "
            "harness runs multiple_choice, loglikelihood and generate_until tasks"
        )
    context = task.fewshot_context(doc, num_fewshot=task.config.num_fewshot)
    built = task.construct_requests(doc, context, metadata=(task.config.task, 0, 1))
    pairs = [instance.args for instance in (built if isinstance(built, list) else [built])]
    return tuple(
        Request(
            RequestKind.LOGPROB,
            (Message("user", text),),
            continuations=tuple(continuation for _, continuation in group),
        )
        for text, group in groupby(pairs, key=lambda pair: pair[0])
    )
