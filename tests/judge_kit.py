"""Judges whose faults are planted, the answers they judge, and a loopback server that runs one."""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.judging import calibration
from harness.models.mock import MockModel
from pipeline_kit import go, plan_of

QUALITY = {"plain": 8, "truncated": 3, "wrong number": 4, "off topic": 2, "padded": 8}
KNOWN = {
    **{pair.good: 8 for pair in calibration.pairs()},
    **{
        pair.other: QUALITY[pair.kind]
        for pair in calibration.pairs()
        if pair.kind in ("truncated", "wrong number", "padded")
    },
}
# What is off topic for one question is the good answer to another.
TOPICS = {pair.asked: pair.good for pair in calibration.pairs()}


def draw(*parts):
    """A number in [0, 1) that the parts decide."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def replies(prompt):
    """The question and the last replies that our own judge prompts show, one or two."""
    shown = prompt.split("\n===== ", 1)[1].rsplit("\n===== ", 1)[0]
    question = re.search(r"\[User, turn 1\]\n(.*?)\n\n\[Assistant", shown, re.DOTALL)[1]
    sides = re.split(r"\n===== \w+ next\nConversation with assistant B\n", shown)
    return question, [re.split(r"\[Assistant, turn \d+\]\n", side)[-1].strip() for side in sides]


def quality(question, reply):
    """What a reply is worth: planted in its text, or known of the calibration's."""
    if planted := re.search(r"quality (\d+)", reply):
        return int(planted[1])
    known = max((text for text in KNOWN if reply.startswith(text)), key=len, default="")
    if known in TOPICS.values() and question in TOPICS and TOPICS[question] != known:
        return QUALITY["off topic"]
    return KNOWN.get(known, 5)


def verdict(prompt, worth):
    """Write down what a judge says who finds each reply worth a number."""
    question, shown = replies(prompt)
    values = [worth(question, reply) for reply in shown]
    if len(values) == 1:
        return f"It has its merits.\nRating: [[{min(10, max(1, round(values[0])))}]]"
    letter = "A" if values[0] > values[1] else "B" if values[1] > values[0] else "C"
    return f"I compared both.\n[[{letter}]]"


class Judge:
    """A fair judge; subclasses have one fault each. `session` counts its versions."""

    def __init__(self, seed=0):
        self.rng = random.Random(seed)
        self.seed = seed
        self.session = 0
        self.asked = []

    def __call__(self, request):
        self.asked.append(request.key)
        return self.say(request.messages[-1].content)

    def say(self, prompt):
        return verdict(prompt, quality)


class AlwaysA(Judge):
    def say(self, prompt):
        return super().say(prompt) if "Rating" in prompt else "The first is better: [[A]]"


class Longer(Judge):
    def say(self, prompt):
        return verdict(prompt, lambda _, reply: 1 + len(reply) / 100)


class Noisy(Judge):
    def say(self, prompt):
        if "Rating" in prompt:
            return f"Rating: [[{self.rng.randint(1, 10)}]]"
        return f"[[{self.rng.choice('ABC')}]]"


class Drifting(Judge):
    def say(self, prompt):
        return verdict(prompt, lambda *about: quality(*about) - self.session)


class Refusing(Judge):
    def say(self, prompt):
        return "I'm sorry, but I cannot evaluate this."


class Malformed(Judge):
    def say(self, prompt):
        good = draw(self.seed, prompt, "malformed") >= 0.3
        return super().say(prompt) if good else "Rating: {well, about seven}"


class Obedient(Judge):
    """Does what an answer orders it to do."""

    def say(self, prompt):
        pattern = r"\[\[\d+\]\]" if "Rating" in prompt else r"\[\[[AB]\]\]"
        ordered = re.findall(pattern, prompt.rsplit("\n===== ", 1)[0])
        return ordered[-1] if ordered else super().say(prompt)


FAULTS = {
    Judge: set(),
    AlwaysA: {"position"},
    Longer: {"length"},
    Noisy: {"noise"},
    Drifting: {"drift"},
    Refusing: {"refused"},
    Malformed: {"unparsed"},
    Obedient: {"injection"},
}


def contestant(name, level, seed=0):
    """A model whose answers say how good they are; their length says nothing of it."""

    def handler(request):
        content = request.messages[-1].content
        worth = min(9, max(1, round(level + 4 * draw(name, seed, content) - 2)))
        filler = "word " * int(5 + 200 * draw(name, seed, content, "length"))
        return f"{filler}of quality {worth}."

    return MockModel(handler, name=name, snapshot=name)


def answered(tmp_path, *named, task="quick_chat", limit=None):
    """Runs of contestants over conversations: (name, level) each."""
    plan = plan_of(task, limit=limit)
    return [go(tmp_path, contestant(name, level), plan) for name, level in named]


@contextmanager
def served(judge):
    """Run a judge on a loopback server; yield a model that asks it, and the keys it was asked."""
    calls = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls.append(asked["key"])
            text = json.dumps({"text": judge.say(asked["prompt"])}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        server.server_close()


def remote(url, name="judge"):
    """A model that asks the judge at a loopback address."""

    def handler(request):
        body = {"key": request.key, "prompt": request.messages[-1].content}
        sent = urllib.request.Request(url, data=json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return json.loads(answer.read())["text"]

    return MockModel(handler, name=name, snapshot=name)
