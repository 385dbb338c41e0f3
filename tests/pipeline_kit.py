"""What tests of the pipeline share: toy tasks, who solves them, models that count or die."""

from pathlib import Path

import lm_eval.tasks  # noqa: F401 -- once here, so that no plan needs a process of its own

from harness.errors import ModelError
from harness.models.mock import MockModel
from harness.pipeline.options import Asking, Quiet, RunOptions
from harness.pipeline.plan import chosen, make_plan
from harness.pipeline.run import execute

TOYS = Path(__file__).parent / "toy_tasks"


class Notes(Quiet):
    def __init__(self):
        self.notes, self.started, self.advanced = [], None, 0

    def start(self, total, done):
        self.started = (total, done)

    def advance(self, response):
        self.advanced += 1

    def note(self, text):
        self.notes.append(text)


def solve(request):
    """The right letter, worked out from the question."""
    lines = request.messages[-1].content.splitlines()
    question = lines[0].replace("What is ", "").replace(" times ", "*").split("=")[0]
    value = eval(question.strip(" ?"))  # noqa: S307 -- our own toy questions
    return next(line[0] for line in lines if line[1:] == f". {value}")


def plan_of(*tasks, limit=None):
    asking = Asking(tasks or ("toy_mc",), (TOYS,), limit=limit)
    return make_plan(chosen(asking), asking)


def go(tmp_path, model, plan=None, progress=None, **options):
    options = RunOptions(tmp_path / "results", **options)
    return execute(model, plan or plan_of(), options, progress or Quiet())


def outcomes(run):
    return run.scores["outcome"].value_counts().to_dict()


class Counting:
    """A handler that counts what it is asked, and may fail for some questions."""

    def __init__(self, handler=solve):
        self.handler, self.asked = handler, []

    def __call__(self, request):
        self.asked.append(request.key)
        return self.handler(request)


class Dying(MockModel):
    """A model that fails as a whole after some answers."""

    def __init__(self, handler, after):
        super().__init__(handler)
        self.left = after

    def respond(self, requests):
        for response in super().respond(requests):
            if self.left == 0:
                raise ModelError("the engine died twice")
            self.left -= 1
            yield response
