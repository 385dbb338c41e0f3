r"""300 synthetic replies with a known truth, judged by us, by lm-eval and by math-verify alone.

Each reply belongs to a class, and each class says why another scorer may see it otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.scoring import math, number
from math_pairs import DIFFERENT, SAME, WRAPPINGS, wrapped

NUMBERS = (7, 12, 85, 256, 999, 1250, 48_000)


@dataclass(frozen=True)
class Reply:
    """A reply, and whether it is right; None where it gives no answer that could be judged."""

    kind: str
    text: str
    gold: str
    truth: bool | None
    finish_reason: str = "stop"


@dataclass(frozen=True)
class Disagreement:
    """A reply that another scorer judges otherwise than we do, None being no judgement."""

    scorer: str
    reply: Reply
    ours: bool | None
    theirs: bool | None


# kind: (reply to a word problem whose answer is N and whose wrong answer is W, truth, finish)
_STYLES = {
    "answer line": ("We add.\nAnswer: {n}", True, "stop"),
    "hashes": ("We add.\n#### {n}", True, "stop"),
    "boxed": (r"We add: $\boxed{{{n}}}$", True, "stop"),
    "sentence": ("We add. The answer is {n}.", True, "stop"),
    "bold and currency": ("We add.\n**Answer: ${n}**", True, "stop"),
    "thousands and zeros": ("We add.\nAnswer: {n:,}.00", True, "stop"),
    "hashes and thousands": ("We add.\n#### {n:,}", True, "stop"),
    "a later number": ("Answer: {n} (that fills 3 boxes)", True, "stop"),
    "a remark after it": ("Answer: {n}. I checked this 2 times.", True, "stop"),
    "thinking": ("<think>Perhaps {w}?</think>\nAnswer: {n}", True, "stop"),
    "runs on": ("Answer: {n}\n\nQuestion: Ben has 3 pens. How many?\nAnswer: 3", True, "stop"),
    "a fraction": ("We halve.\nAnswer: {twice}/2", True, "stop"),
    "wrong": ("We add.\nAnswer: {w}", False, "stop"),
    "wrong sign": ("We add.\nAnswer: \N{MINUS SIGN}{n}", False, "stop"),
    "corrected to wrong": ("First {n}, but one is missing.\nAnswer: {w}", False, "stop"),
    "wrong, then a check": ("Answer: {w}\nCheck: it is not {n}", False, "stop"),
    "wrong in the hashes only": ("We add.\n#### {w}", False, "stop"),
    "cut off": ("Step 1: there are {n}", None, "length"),
    "undecided": ("It could be {w} or {n}.", None, "stop"),
    "taken back": ("Answer: {n}\nWait, that's wrong.", None, "stop"),
}

NUMBER_CLASSES = {
    "strict-match": {
        "demands `####`": {
            "answer line", "boxed", "sentence", "bold and currency", "thousands and zeros",
            "a later number", "a remark after it", "thinking", "runs on", "a fraction",
        },
        "has no third state: what it cannot read is wrong": {
            "cut off", "undecided", "taken back",
        },
    },
    "flexible-extract": {
        "takes the last number, whatever it counts": {
            "a later number", "a remark after it", "runs on", "wrong, then a check", "a fraction",
        },
        "compares text: 7.00 is not 7": {"thousands and zeros"},
        "does not know the minus of Unicode": {"wrong sign"},
        "scrapes cut, undecided and withdrawn replies": {"cut off", "undecided", "taken back"},
    },
}  # fmt: skip


def number_replies() -> list[Reply]:
    """140 replies to word problems: 20 styles of seven numbers."""
    return [
        Reply(
            kind,
            text.format(n=n, w=n + 4, twice=2 * n),
            str(n),
            truth,
            finish,
        )
        for kind, (text, truth, finish) in _STYLES.items()
        for n in NUMBERS
    ]


def math_replies() -> list[Reply]:
    """160 replies to problems of mathematics: our corpus, and replies that are odd as a whole."""
    odd = [
        Reply("neighbouring boxes", r"\boxed{3} \boxed{5}", "5", truth=True),
        Reply("neighbouring boxes", r"$\boxed{3}$, $\boxed{5}$", "3, 5", truth=False),
        Reply("corrected", r"\boxed{3}. No, I forgot one: \boxed{5}", "5", truth=True),
        Reply("thinking", r"<think>\boxed{3}</think> \boxed{5}", "5", truth=True),
        Reply("cut off", r"So \boxed{5} is the first of", "5", None, "length"),
        Reply("undecided", "It could be 3 or 5, who knows?", "5", None),
        Reply("taken back", r"\boxed{5}. Wait, that's wrong.", "5", None),
        Reply("full stop in the box", r"\boxed{x+1.}", "x+1", truth=True),
    ]
    pairs = [(f"same: {name}", *pair, True) for name, ps in SAME.items() for pair in ps]
    pairs += [(f"other: {name}", *pair, False) for name, ps in DIFFERENT.items() for pair in ps]
    return odd + list(_cycled(pairs, 160 - len(odd)))


def _cycled(pairs: Sequence[tuple[str, str, str, bool]], wanted: int) -> Iterator[Reply]:
    """Go round the pairs and the wrappings; the second round turns the pairs about."""
    wrappings = list(WRAPPINGS)
    for n in range(wanted):
        turns, place = divmod(n, len(pairs))
        kind, gold, answer, truth = pairs[place]
        if turns % 2:
            gold, answer = answer, gold
        yield Reply(kind, wrapped(answer, wrappings[n % len(wrappings)]), gold, truth)


def ours(reply: Reply, *, is_number: bool) -> bool | None:
    """Judge as harness does; None where no answer was read."""
    scorer = number if is_number else math
    value = scorer.score(reply.text, reply.gold, reply.finish_reason).value
    return None if value is None else value == 1.0


def lm_eval_gsm8k(reply: Reply) -> dict[str, bool]:
    """Judge with the filters and the metric of lm-eval's own gsm8k."""
    import re

    from lm_eval.api.instance import Instance
    from lm_eval.filters import build_filter_ensemble

    from harness.tasks.catalog import stock_entry

    config = stock_entry("lm_eval/gsm8k").config
    ignored = config["metric_list"][0]["regexes_to_ignore"]
    found = {}
    for stated in config["filter_list"]:
        steps = [
            [step["function"], {k: v for k, v in step.items() if k != "function"}]
            for step in stated["filter"]
        ]
        instance = Instance("generate_until", {}, ("", {}), 0, resps=[reply.text])
        build_filter_ensemble(stated["name"], steps).apply([instance])
        texts = [str(instance.filtered_resps[stated["name"]]), reply.gold]
        for pattern in ignored:
            texts = [re.sub(pattern, "", text) for text in texts]
        found[stated["name"]] = texts[0].lower() == texts[1].lower()
    return found


def math_verify_alone(reply: Reply) -> bool:
    """Judge with math-verify as its documentation shows: the gold in dollars, all of the reply."""
    from math_verify import parse, verify

    return bool(verify(parse(f"${reply.gold}$"), parse(reply.text)))


def number_disagreements() -> list[Disagreement]:
    """All word problems where lm-eval's filters see another outcome than we do."""
    return [
        Disagreement(name, reply, mine, theirs)
        for reply in number_replies()
        for mine in [ours(reply, is_number=True)]
        for name, theirs in lm_eval_gsm8k(reply).items()
        if mine is not theirs
    ]


def math_disagreements() -> list[Disagreement]:
    """All replies to mathematics where math-verify alone sees another outcome than we do."""
    return [
        Disagreement("math-verify", reply, mine, theirs)
        for reply in math_replies()
        for mine, theirs in [(ours(reply, is_number=False), math_verify_alone(reply))]
        if mine is not theirs
    ]


def why(disagreement: Disagreement) -> str:
    """Class a disagreement; "" where nobody has."""
    kind = disagreement.reply.kind
    for reason, kinds in NUMBER_CLASSES.get(disagreement.scorer, {}).items():
        if kind in kinds:
            return reason
    if disagreement.scorer != "math-verify":
        return ""
    if disagreement.ours is None:
        return "has no third state, and scrapes cut, undecided and withdrawn replies"
    side = "accepts another answer" if disagreement.theirs else "refuses the same answer"
    return f"{side}; {kind}"


def classes(disagreements: Sequence[Disagreement]) -> Counter[tuple[str, str]]:
    """Count disagreements by scorer and class."""
    return Counter((d.scorer, why(d)) for d in disagreements)
