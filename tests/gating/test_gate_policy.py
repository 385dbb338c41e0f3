import pytest

from harness.errors import UsageError
from harness.gating.policy import Policy, load_policy

WHOLE = """
alpha = 0.1
mode = "sequential"
min_n = 50
min_coverage = 0.9
discordance = "5pp"
power = 0.9
max_unparsed_increase = "2pp"
max_slowdown = 1.5
max_cost = 12.5
on_inconclusive = "warn"

[margin]
default = 0.02
mmlu = "1.5pp"
gsm8k = "3 points"
"""


def policy_file(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_policy_file_is_read(tmp_path):
    policy = load_policy(policy_file(tmp_path, WHOLE), {})

    assert policy.margin == pytest.approx({"default": 0.02, "mmlu": 0.015, "gsm8k": 0.03})
    assert policy.discordance == pytest.approx(0.05)
    assert policy.max_unparsed_increase == pytest.approx(0.02)
    assert (policy.alpha, policy.power, policy.mode, policy.min_n) == (0.1, 0.9, "sequential", 50)
    assert (policy.max_slowdown, policy.max_cost, policy.on_inconclusive) == (1.5, 12.5, "warn")


def test_without_a_file_the_defaults_hold():
    assert load_policy(None, {}) == Policy()
    assert Policy().margin_of("anything") == 0.02


def test_the_command_line_overrides_the_file(tmp_path):
    path = policy_file(tmp_path, WHOLE)
    policy = load_policy(path, {"margin": "5pp", "alpha": 0.05})

    assert policy.margin == {"default": 0.05}
    assert (policy.alpha, policy.mode) == (0.05, "sequential")


def test_a_task_has_its_own_margin_the_default_or_is_not_judged():
    policy = Policy(margin={"mmlu": 0.01, "default": 0.03})
    named = Policy(margin={"mmlu": 0.01})

    assert [policy.margin_of(task) for task in ("mmlu", "gsm8k")] == [0.01, 0.03]
    assert [named.judges(task) for task in ("mmlu", "gsm8k")] == [True, False]
    assert policy.named_tasks == named.named_tasks == ["mmlu"]


def test_a_limit_on_unparsed_replies_can_be_switched_off(tmp_path):
    path = policy_file(tmp_path, "max_unparsed_increase = false")

    assert load_policy(path, {}).max_unparsed_increase is None


def test_a_sequential_gate_leaves_half_of_alpha_for_the_last_look():
    assert Policy(alpha=0.05).level == 0.05
    assert Policy(alpha=0.05, mode="sequential").level == 0.025


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("margin = 2", ["margin.default is 2", '"2pp"', "less than 0.5"]),
        ("margin = 0", ["margin.default", "greater than 0"]),
        ("margin = -0.1", ["margin.default"]),
        ("margin = nan", ["margin.default", "finite"]),
        ("[margin]", ["margin", "at least 1"]),
        ('[margin]\nmmlu = "much"', ["margin.mmlu is 'much'"]),
        ("alpha = 0.5", ["alpha is 0.5"]),
        ("alpha = 0", ["alpha"]),
        ("power = 1.0", ["power"]),
        ('mode = "peek"', ["mode is 'peek'", "'fixed' or 'sequential'"]),
        ("min_n = 1", ["min_n"]),
        ("min_n = 30.5", ["min_n is 30.5"]),
        ("min_coverage = 1.1", ["min_coverage"]),
        ("discordance = 0", ["discordance"]),
        ("max_unparsed_increase = 1", ["max_unparsed_increase", "points"]),
        ("max_slowdown = 0", ["max_slowdown"]),
        ("max_slowdown = inf", ["max_slowdown", "finite"]),
        ("max_cost = -1", ["max_cost"]),
        ('on_inconclusive = "pass"', ["on_inconclusive", "'fail' or 'warn'"]),
        ("margn = 0.02", ["margn", "Known fields: margin, alpha"]),
        ("margin = ", ["not TOML"]),
    ],
)
def test_each_mistake_is_named(tmp_path, text, words):
    with pytest.raises(UsageError) as caught:
        load_policy(policy_file(tmp_path, text), {})

    for word in ("policy.toml", *words):
        assert word in str(caught.value)


def test_a_policy_that_cannot_be_read(tmp_path):
    binary = tmp_path / "policy.toml"
    binary.write_bytes(b"margin = '\xff'")

    for path, word in ((tmp_path / "none.toml", "No such file"), (binary, "not TOML")):
        with pytest.raises(UsageError, match=word):
            load_policy(path, {})
