"""Names are not identities: which runs a verdict may rest on."""

from __future__ import annotations

from harness.errors import UsageError
from harness.records import ModelInfo


def refuse_undated(model: ModelInfo) -> None:
    """Refuse a model whose name leaves open which weights answer; for gates, not for runs.

    A file is known by its hash and a hosted model by a dated snapshot. An undated alias changes
    when the provider wishes, and what a server calls its model says nothing of the weights: a
    verdict about either would be about no particular system.

    Raises:
        UsageError: names the model and what to do about it.
    """
    if model.sha256 is not None or not model.settings.get("undated", False):
        return
    raise UsageError(
        f"{model.name} ({model.snapshot} at {model.source}) is an undated name: what answers under "
        "it may change without notice, so no gate rests on it; name a dated snapshot, or vouch "
        "for the server's weights by a row of harness-models.yaml with `undated: false`"
    )
