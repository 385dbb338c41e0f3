"""The only importer of lm-eval: its YAML tasks become our samples, requests and scores.

lm-eval builds prompts and scores the replies of its own tasks. Its models, caches and
`evaluate()` are not used: the tests use `evaluate()` as an oracle.
"""

from harness.tasks.lm_eval_adapter.build import stock_scorer_id
from harness.tasks.lm_eval_adapter.load import load_task
from harness.tasks.lm_eval_adapter.stock_scorer import StockScorer

__all__ = ["StockScorer", "load_task", "stock_scorer_id"]
