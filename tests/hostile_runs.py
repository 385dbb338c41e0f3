"""Runs in which every text that comes from elsewhere tries to break out of a page."""

from dataclasses import replace

from run_files import MODEL, PlantedTask, counts, write_run

MIXED = counts(correct=60, wrong=25, unparsed=6, truncated=4, refused=2, error=3)
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\x00\u202e\"'><a href=//evil>"


def write_hostile_runs(results):
    model = replace(
        MODEL,
        name="../../x<script>alert(0)</script>",
        family=EVIL,
        quantization=EVIL,
        engine="\ud800" + EVIL,
        settings={EVIL: EVIL, "list": [EVIL]},
    )
    plan = PlantedTask(
        MIXED,
        subjects=(EVIL, "javascript:alert(3)"),
        question=lambda n: f"{EVIL} {n}",
        reply=lambda n, *_: EVIL + "x" * 1_000_000 if n % 2 else f"=cmd|' /C calc'!A0 {EVIL}",
        answer=lambda *_: EVIL,
        protocol={"dataset": EVIL, "template": EVIL, "scorer": EVIL},
    )
    other = replace(plan, protocol={"dataset": "plain", "system_prompt": EVIL})
    changes = {"warnings": (EVIL,), "verification": {EVIL: 1}}
    write_run(results, {EVIL: plan}, run_id="evil", model=model, manifest=changes)
    write_run(results, {EVIL: other}, run_id="<b>", model=model)
