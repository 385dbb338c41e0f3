"""Small records that tests of several floors use."""

from harness.protocol import Protocol
from harness.records import Decoding, Message, ModelInfo, Request, RequestKind, Response, Sample

DECODING = Decoding(max_tokens=16, stop=(), temperature=0.0, top_p=1.0, seed=0)

PROTOCOL = Protocol(
    task="toy",
    task_version="1",
    dataset="org/data",
    revision="a" * 40,
    split="test",
    sample_ids="ids",
    template="template",
    prompts="prompts",
    shots=5,
    shot_ids="shots",
    shot_order="first_n",
    option_order="as given",
    system_prompt="",
    kind="generate",
    temperature=0.0,
    top_p=1.0,
    max_tokens=16,
    stop=(),
    seed=0,
    repeats=1,
    scorer="letter/1",
    judge="",
    judge_prompt="",
    averaging="micro",
)

MODEL = ModelInfo(
    name="toy-model", backend="mock", interface="chat", capabilities=("generate",), sha256="0" * 64
)


def request(text="1 + 1 = ?", **fields):
    return Request(RequestKind.GENERATE, (Message("user", text),), DECODING, **fields)


def sample(number=0, **fields):
    defaults = {
        "sample_id": f"id{number}",
        "task": "toy",
        "subject": "sums",
        "gold": "B",
        "choices": ("1", "2", "3", "4"),
        "requests": (request(f"question {number}"),),
    }
    return Sample(**(defaults | fields))


def response(number=0, **fields):
    return Response(request(f"question {number}").key, **({"text": "B"} | fields))
