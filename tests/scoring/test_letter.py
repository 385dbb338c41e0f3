"""Replies as models write them, and the letter that each one commits to."""

from __future__ import annotations

import random
import time
from itertools import permutations

import pytest

from harness.records import Outcome
from harness.scoring.letter import _is_bare, score

CELL = ("mitochondrion", "ribosome", "nucleus", "Golgi apparatus")
CITIES = ("Lima", "Oslo", "Paris", "4")
BOTH = ("A good idea", "Both A and C", "None of the above", "All of the above")
ROMAN = ("I only", "II only", "I and II", "None of the above")
SIGNS = ("12", "-12", "1/2", "0.5")
PAIRS = ("True, True", "False, False", "True, False", "False, True")
TEN = tuple(f"text {number}" for number in range(10))
FIVE = TEN[:5]
TWO = ("True", "False")

WALK = """Let's analyze each option:

A) mitochondrion - makes ATP.
B) ribosome - makes protein.
C) nucleus - holds DNA.
D) Golgi apparatus - packs.
"""
BULLETS = "* **A. mitochondrion:** ATP.\n* **B. ribosome:** protein.\n* **C. nucleus**: DNA."

UNPARSED, TRUNCATED, REFUSED = Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED


def read(reply, choices=CELL, finish_reason="stop"):
    """Return the letter read, or the outcome where none was."""
    scored = score(reply, "A", choices, finish_reason)
    assert (scored.value is None) == (scored.answer is None)
    return scored.answer or scored.outcome


# Every one of these commits to the letter in its place, whichever it is.
COMMITTED = [
    *(
        "{}",
        " {}",
        "{}.",
        "({})",
        "[{}]",
        "{{{}}}",
        "**{}**",
        "*{}*",
        "__{}__",
        "{})",
        "{}:",
        "{},",
    ),
    *("\n\n{}", "{}\n", "`{}`", "```\n{}\n```", "'{}'", '"{}"', "“{}”", "[[{}]]", "<<{}>>", "{}!"),
    *(
        "{}. 17",
        "{}) Rome",
        "{}: Rome",
        "{}.Rome",
        "({}) Rome",
        "[{}] Rome",
        "{} - Rome",
        "{}—Rome",
    ),
    *(
        "**{}.** Rome",
        "**{}. Rome**",
        "**({})** Rome",
        "{}\nRome",
        "- {}",
        "* {}",
        "> {}",
        "### {}",
    ),
    *("{} because it is so", "{}, because it is so", "{}\nExplanation: it is so", "{} ✅"),
    *("Option {}", "**Option {}**", "Choice {}", "Letter {}", "Option {}: Rome", "Option ({})"),
    *(
        "Answer: {}",
        "**Answer:** {}",
        "**Answer: {}**",
        "Answer: **({})**",
        "Answer:{}",
        "Answer : {}",
    ),
    *(
        "Answer: ${}$",
        "Answer: [{}]",
        'Answer: "{}"',
        "Answer: {}.",
        "Answer: {}) Rome",
        "Answer {}",
    ),
    *(
        "Answer:\n{}",
        "### Answer\n\n{}",
        "Answer - {}",
        "Answer = {}",
        "Answer: option {}",
        "Ans: {}",
    ),
    *("Answer: **{}**.", "ANSWER: {}", "final answer: {}", "Correct answer: {}", "Choice: {}"),
    *(
        "Answer is {}",
        "The answer is {}",
        "The answer is ({}).",
        "The answer is **{}**.",
        "answer={}",
    ),
    *(
        "The answer is '{}'.",
        "The answer is:\n\n({}) Rome",
        "The answer is option {}.",
        "The answer: {}",
    ),
    *("The correct answer is {}) the rib", "The correct option is {}.", "The best answer is {}"),
    *(
        "The answer to this question is {}.",
        "The most likely answer is {}.",
        "The right choice is {}!",
    ),
    *("The answer, therefore, is {}.", "The answer must be ({}).", "The answer is most likely {}."),
    *("The correct choice would be {}.", "The correct answer is indeed {}.", "the letter is {}"),
    *(
        "My answer is: {}",
        "So my final answer is {}.",
        "My guess is {}",
        "I think the answer is {}.",
    ),
    *(
        "I would choose {}",
        "I'd go with {}.",
        "I will go with option {}.",
        "I select ({}).",
        "I say {}",
    ),
    *(
        "I think it's {}.",
        "It's {}.",
        "It must be {}.",
        "So it is {}.",
        "I will answer {}.",
        "We choose {}.",
    ),
    *(
        "So, {}.",
        "Therefore, {}",
        "Hence, option {}.",
        "Thus ({}).",
        "Sure! {}",
        "Let me see. It is. {}",
    ),
    *(
        "\\boxed{{{}}}",
        "$\\boxed{{\\text{{{}}}}}$",
        "\\(\\boxed{{\\textbf{{({})}}}}\\)",
        "\\text{{{}}}",
    ),
    *("Final Answer: The final answer is $\\boxed{{{}}}$", "The answer is \\[\\boxed{{{}}}\\]"),
    *("<answer>{}</answer>", "<answer>\n({}) Rome\n</answer>", "<b>{}</b>", "<think></think>{}"),
    *('{{"answer": "{}"}}', '```json\n{{"answer": "{}", "why": "it is"}}\n```'),
    *(
        "Assistant: {}",
        "assistant\n\n{}",
        "{}</s>",
        "<|assistant|>{}<|end|>",
        "{}<|im_end|>\nAnswer: Z",
    ),
    *(
        "Therefore, the correct answer is ({}).",
        "So the answer is {}, not Q.",
        "...which makes {} the best.",
    ),
    *(
        "This makes option {} the correct answer.",
        "Thus option ({}) is correct.",
        "Option {} is right.",
    ),
    *(
        "{} is the correct answer",
        "{} is the best choice.",
        "Thus {} is the answer.",
        "{} is correct.",
    ),
    *(
        "I believe {} is the correct answer.",
        "Option {} would be the best answer.",
        "({}) is right.",
    ),
    *(
        "Of the choices, option ({}) is the most appropriate.",
        "Therefore, {}) Rome is the best answer.",
    ),
    *(
        "This corresponds to option {}.",
        "That matches choice ({}).",
        "That leaves us with option {}.",
    ),
    *("Some reasoning about a cell.\n\n{}", "It is small. I think so.\n\n**({})**"),
    *(
        "Antwort: {}",
        "Die richtige Antwort ist {}.",
        "Respuesta: {}",
        "La respuesta correcta es la {}.",
    ),
    *("Réponse : {}", "La bonne réponse est {}.", "Risposta: {}", "Resposta: {}", "Ответ: {}"),
    *(
        "答案:{}",
        "答案\uff1a\uff08{}\uff09",
        "答案是{}。",
        "正确答案是 {}。",
        "故选:{}",
        "정답: {}",
        "正解は{}です",
    ),
    *(
        "{}\n\nQuestion: What next?\nAnswer: C",
        "{}\n\nQ2. What next?\nAnswer: C",
        "{}\nUser: and\nB",
    ),
    "{}\n\nWhich is next?\nA. one\nB. two\nC. three\nD. four\nAnswer: C",
    "I'm not sure, but I think the answer is {}.",
    "A and B can be ruled out by reading. The answer is {}.",
    "Answer: {}\n\nWait, let me check. Yes.",
]


@pytest.mark.parametrize("form", COMMITTED)
@pytest.mark.parametrize(("choices", "letters"), [(CELL, "ABCD"), (FIVE, "E"), (TEN, "EFGHJ")])
def test_committed_letter_is_read(form, choices, letters):
    for letter in letters:
        reply = form.format(letter)

        assert read(reply, choices) == letter, reply


SHORT = [
    ("b", "B"),
    ("a", "A"),
    ("(c)", "C"),
    ("d.", "D"),
    ("a)", "A"),
    ("answer: b", "B"),
    ("the correct answer is c.", "C"),
    ("b) ribosome", "B"),
    ("c because it is", "C"),
    ("\N{FULLWIDTH LATIN CAPITAL LETTER B}", "B"),
    ("\N{MATHEMATICAL BOLD CAPITAL B}", "B"),
    ("\N{CIRCLED LATIN CAPITAL LETTER B}", "B"),
    ("\N{NEGATIVE SQUARED LATIN CAPITAL LETTER B}\N{VARIATION SELECTOR-16}", "B"),
    ("\N{ZERO WIDTH SPACE}C\N{ZERO WIDTH NO-BREAK SPACE}", "C"),
    ("\N{RIGHT-TO-LEFT EMBEDDING}C\N{POP DIRECTIONAL FORMATTING}", "C"),
    ("C\0", "C"),
    ("\ud800 Answer: C", "C"),
    ("B ribosome", "B"),
    ("A mitochondrion", "A"),
    ("B. the ribosome, of course", "B"),
    ("B. nucleus", "B"),  # the letter was committed, the text is another option's
    ("The answer is B. nucleus", "B"),
    ("B)\n\nA) mitochondrion is wrong.\nC) nucleus is wrong.", "B"),
    ("B) ribosome\n\nA) makes energy.", "B"),
    ("B. A is wrong because it makes energy.", "B"),
    ("<think>A or B? Answer: A</think>\n\nB", "B"),
    ("It could be A.</think>C", "C"),
    ("<thinking>Answer: A</thinking><answer>D</answer>", "D"),
]

RESTATED = [
    ("nucleus", CELL, "C"),
    ("Nucleus.", CELL, "C"),
    ("  **golgi   APPARATUS** ", CELL, "D"),
    ("The answer is nucleus.", CELL, "C"),
    ("Answer: ribosome", CELL, "B"),
    ("**Answer:** ribosome", CELL, "B"),
    ("The correct answer is:\n\nribosome", CELL, "B"),
    ("\\boxed{nucleus}", CELL, "C"),
    ("\\boxed{\\text{nucleus}}", CELL, "C"),
    ("<answer>nucleus</answer>", CELL, "C"),
    ("nucleus (C)", CELL, "C"),
    ("nucleus, option C", CELL, "C"),
    ("The answer is nucleus (C).", CELL, "C"),
    ("The correct answer is nucleus (option C).", CELL, "C"),
    ("Reasoning comes first.\n\nThe answer is nucleus. It holds DNA.", CELL, "C"),
    ("nucleus\n\nIt holds the DNA.", CELL, "C"),
    ("4", CITIES, "D"),
    ("The answer is 4", CITIES, "D"),
    ("-12", SIGNS, "B"),
    ("The answer is 0.5.", SIGNS, "D"),
    ("The answer is $\\boxed{-12}$.", SIGNS, "B"),
    ("Final answer: \\(\\boxed{12}\\)", SIGNS, "A"),
    ("False, False", PAIRS, "B"),
    ("Answer: True, False", PAIRS, "C"),
    ("B. False, False", PAIRS, "B"),
    ("B. Fal", PAIRS, "B"),
    ("Both A and C", BOTH, "B"),
    ("The answer is B. Both A and C", BOTH, "B"),
    ("The answer is option B, both A and C.", BOTH, "B"),
    ("Answer: Both A and C", BOTH, "B"),
    ("A good idea", BOTH, "A"),
    ("None of the above", BOTH, "C"),
    ("The answer is none of the above.", BOTH, "C"),
    ("All of the above.", BOTH, "D"),
    ("I only", ROMAN, "A"),
    ("The answer is I and II.", ROMAN, "C"),
    ("D. None of the above", ROMAN, "D"),
    ("True", TWO, "A"),
    ("The answer is false.", TWO, "B"),
    ("B. False", TWO, "B"),
    ("only", ("only",), "A"),
    ("E. coli", ("C. diff", "E. coli", "x", "y", "z"), "B"),
    ("The answer is C. diff.", ("C. diff", "x", "y"), "A"),
    ("C. Solution G.", ("Solution R.", "Saline.", "Solution G."), "C"),
    ("B. F. Skinner (C)", ("William James", "Wilhelm Wundt", "B. F. Skinner"), "C"),
    ("A. yes", ("Yes", "yes", "no"), "A"),
    ("yes", ("Yes", "yes", "no"), UNPARSED),
    ("The answer is yes.", ("Yes", "yes", "no"), UNPARSED),
    ("The answer is 0.55.", SIGNS, UNPARSED),
    ("the nucleus", CELL, UNPARSED),
    ("The answer is nucleus, or so I think.", CELL, UNPARSED),
    ("The answer is not nucleus.", CELL, UNPARSED),
    ("nucleus or ribosome", CELL, UNPARSED),
    ("not the nucleus", CELL, UNPARSED),
    ("Both A and B", BOTH, UNPARSED),
    ("The statement is true.", TWO, UNPARSED),
    ("x2", ("x²", "x3"), UNPARSED),
]

REASONED = [
    ("The answer is A. Wait, that's wrong. The answer is C.", "C"),
    ("Answer: A ... Let me re-check ... Answer: B", "B"),
    ("Answer: B\n\nWait, that is incorrect. It should be C.", "C"),
    ("The answer is B. Actually, no, it's C.", "C"),
    ("B. Wait, actually C.", "C"),
    ("Answer: B\n\nHmm, let me double check. Yes, B is correct.", "B"),
    ("Many students choose A. The correct answer is C.", "C"),
    ("If you choose A, you are wrong. The answer is C", "C"),
    ("A common mistake is to think the answer is A. The correct answer is B", "B"),
    ("The answer is not A but B.", "B"),
    ("The answer isn't A; it's B.", "B"),
    ("The answer is B and not A.", "B"),
    ("Since A is wrong, B is correct.", "B"),
    ("A is wrong. B is wrong. C is correct.", "C"),
    ("The correct answer is B because A and C are wrong.", "B"),
    ("The correct answer is (B), since (A) or (C) would be too small.", "B"),
    ("The answer is B. A is wrong because of this. C is wrong too.", "B"),
    ("Answer: C\n\nOption A is incorrect since it makes ATP. Option D is incorrect.", "C"),
    ("Looking at the choices, A and B can be ruled out. That leaves option D.", "D"),
    ("So x = 12, which corresponds to option A.", "A"),
    ("First I thought A is the correct answer. However, C is the correct answer.", "C"),
    ("Statement A is correct but statement B is false. So I think C.", "C"),
    ("Current flows from A to B. The answer is C.", "C"),
    ("As an AI, I think the answer is B.", "B"),
    ("B\n\nLet me know if you have a question.", "B"),
    ("Reasoning: foo.\nFinal answer: B\n\nLet me know if you have any questions!", "B"),
    (WALK + "\nThe correct answer is:\n\nA) mitochondrion", "A"),
    (WALK + "\nBased on this, I would choose option C.", "C"),
    ("1. **Option A**: Incorrect.\n2. **Option B**: Fits.\n\nSo the correct option is **B**.", "B"),
    ("The correct answer is **A. mitochondrion**.\n\nHere's why:\n\n" + BULLETS, "A"),
    ("## Step 1\nA cell needs energy.\n\nThe final answer is: $\\boxed{A}$", "A"),
    ("The best answer is A.\n\nExplanation:\nB is wrong. C is wrong. D is not correct.", "A"),
    ("A. mitochondrion is wrong.\nB. ribosome is right.\n\nThe answer is B.", "B"),
]

UNCOMMITTED = [
    *("", " \n ", "**", "A good question!", "A cell is the unit of life.", "I think it depends"),
    *("I'd like more information", "I'm", "A lot", "An apple", "Answer: A lot depends on it"),
    *(
        "Answer: A cell",
        "Answer: a cell",
        "The answer is a bit unclear",
        "The answer is A cell wall",
    ),
    *("The best answer is: a matter of opinion", "I would say a lot", "I would say it depends."),
    *("A or B", "Both A and B", "Either B or C", "Answer: A or C", "A, B and D", "A and C", "A, C"),
    *(
        "A/B",
        "A & B",
        "(A) and (B)",
        "B, or maybe C",
        "Answer: (A) or (B)",
        "Answer: A, C",
        "A + B",
    ),
    *("(A), (B), and (C)", "ABCD", "A B C D", "A. B. C. D.", "A\nB\nC\nD", "A\n\nB\n\nC", "选A和B"),
    *("A) mitochondrion or B) ribosome", "The answer is A) mitochondrion or B) ribosome"),
    *("The correct answers are A and C.", "Answer: B. So the correct answers are A and C."),
    *(
        "The answer is either A or B.",
        "The answer is between B and C.",
        "I'm torn between A and B.",
    ),
    *(
        "None of the above",
        "Answer: None of the above",
        "The answer is none of these.",
        "Neither A nor B",
    ),
    *("Answer: B. No: answer: none of the above", "None of the options is correct."),
    *("It could be B", "It might be B", "Maybe B", "Possibly B", "Perhaps the answer is B", "B?"),
    *(
        "The answer could be (B)",
        "Option B might be correct.",
        "B may be correct",
        "Is B the answer?",
    ),
    *(
        "I'm not sure",
        "I don't know.",
        "I'm not sure if the answer is B.",
        "I doubt the answer is B.",
    ),
    *(
        "Option B is incorrect",
        "B is incorrect because it is",
        "The answer is not B",
        "not B",
        "Not B",
    ),
    *(
        "B is not correct",
        "B is not the answer.",
        "The answer isn't B.",
        "The answer can't be B",
        "It's not B.",
    ),
    *(
        "I don't think the answer is B.",
        "I would not choose B.",
        "I would eliminate A.",
        "B is wrong.",
    ),
    *(
        "The incorrect answer is B",
        "The wrong answer is B.",
        "B is the wrong answer",
        "Another option is B.",
    ),
    *("The second best answer is B", "One possible answer is B.", "Neither B nor C is correct."),
    *(
        "If the answer is B, then it rains.",
        "If A is correct, then B is not.",
        "Suppose the answer is B.",
    ),
    *(
        "Option A is wrong because it is small.",
        "A) Paris - incorrect",
        "A: This is incorrect because",
    ),
    *("A. Incorrect.", "A) mitochondrion: this one is incorrect", "Option A: a. Option B: b."),
    *("Options: A) mitochondrion B) ribosome", "The options are A, B, C, and D.", "A → B → C"),
    WALK,
    "Let's evaluate each option:\n\nA) mitochondrion is wrong.\nB) ribosome is right.\nC) nucleus?",
    "A) mitochondrion: no\nB) ribosome: no\nC) nucleus: yes\nD) Golgi apparatus: no",
    "Option B, which is small, is not the best answer.",
    "Let's consider option A. This is the best choice so far.",
    *(
        "E",
        "E.",
        "Answer: E",
        "The answer is (Z).",
        "The answer is A. No, the answer is E.",
        "\\boxed{F}",
    ),
    *("Answer: B ... Answer: E", "E is the correct answer", "The answer is A. Wait, that's wrong."),
    *(
        "The answer is B. On reflection the answer is not B.",
        "You might think the answer is A. But no.",
    ),
    *(
        "I",
        "I.",
        "i",
        "Answer: I",
        "I am",
        "I choose not to answer",
        "The answer is x.",
        "So c = 5",
    ),
    *(
        "Vitamin A is the best source",
        "Vitamin C is correct.",
        "The answer is vitamin C.",
        "Plan B",
    ),
    *(
        "Statement A is correct. Statement B is not.",
        "Person A is right.",
        "Hepatitis B is the answer",
    ),
    *(
        "C++",
        "C is a language",
        "B-cells",
        "Answer: B-cells",
        "Answer: B4",
        "A-level",
        "Type A",
        "A+",
    ),
    *(
        "Answer: A-2, B-3",
        "The correct order is: C, A, B",
        "Thus P(B|A) = 0.4",
        "In case A, the answer is 5",
    ),
    *("A student asks. The answer is clear.", "Players choose A.", "The answer depends on A."),
    *(
        "To answer the question, vitamin C is key",
        "The answer to A is unclear",
        "A: C",
        "Let A be 5.",
    ),
    *("<think>The answer is B", "<think>Answer: B\n\nAnswer: C", "I think A lot"),
    *("I cannot determine the answer.", "I'm sorry, the question is unclear.", "Sure, here it is:"),
    "I don't know.\n\nQuestion: What is next?\nAnswer: C",
]

TEN_CHOICES = [
    *(("I", "I"), ("I.", "I"), ("(I)", "I"), ("(i)", "I"), ("Answer: I", "I"), ("I) it is", "I")),
    *(("The answer is I.", "I"), ("I is the correct answer", "I"), ("I choose I", "I"), ("J", "J")),
    ("Option I", "I"),
    ("\\boxed{I}", "I"),
    ("I think it depends", UNPARSED),
    ("I, personally, cannot tell", UNPARSED),
    ("I am sure", UNPARSED),
    ("I'm sure", UNPARSED),
    ("The answer is I think unclear", UNPARSED),
    ("Answer: I don't know", UNPARSED),
    ("Answer: I, II and III", UNPARSED),
    ("I and II are correct", UNPARSED),
    ("Only I is correct", UNPARSED),
    ("So I is correct and II is not", UNPARSED),
    ("I and you", UNPARSED),
    ("K", UNPARSED),
]

REFUSALS = [
    ("I'm sorry, but I can't help with that", "stop", REFUSED),
    (
        "I\N{RIGHT SINGLE QUOTATION MARK}m sorry, I can\N{RIGHT SINGLE QUOTATION MARK}t help.",
        "stop",
        REFUSED,
    ),
    ("I cannot answer this question", None, REFUSED),
    ("I apologize, but I cannot provide an answer to that.", "stop", REFUSED),
    ("As an AI...", "stop", REFUSED),
    ("As an AI language model, I have no opinion.", "stop", REFUSED),
    ("I'm unable to answer that.", "stop", REFUSED),
    ("I won't answer that.", "stop", REFUSED),
    ("", "content_filter", REFUSED),
    (None, "refusal", REFUSED),
    ("The", "content_filter", REFUSED),
    ("B", "content_filter", "B"),
    ("I'm sorry, but I can't help. The answer is B.", "stop", "B"),
    (None, "stop", UNPARSED),
    (None, None, UNPARSED),
    ("B", None, "B"),
]

CUT = [
    *[(form, "B") for form in ("B", "b", "B.", "(B)", "(B", "**B**", "**B", "\n\nB", "Option B")],
    *[
        (form, "B")
        for form in ("Answer: B", "**Answer: B", "Answer:\nB", "\\boxed{B}", "<answer>B")
    ],
    *[
        (form, "B")
        for form in ("The answer is B", "The correct answer is **B", "答案是B", "Antwort: B")
    ],
    ("B\n\nExplanation: The", "B"),
    ("B. ribosome\n\nExplanation: The", "B"),
    ("B. Ribo", "B"),
    ("B) the ribosome is where proteins", "B"),
    ("The correct answer is (B) ribosome. This is because the rib", "B"),
    ("The answer is B because the", "B"),
    ("Sure! The answer is B, since", "B"),
    ("I would choose B because", "B"),
    ("B is the correct answer because it", "B"),
    ("B\n\nQuestion: What is the capital", "B"),
    ("B\n\nQuestion: What?\nAnswer: C", "B"),
    ("A", "A"),
    ("A.", "A"),
    ("(A)", "A"),
    ("Answer: A", "A"),
    ("A) Lima is the capital of Peru, which", "A"),
    *[
        (text, TRUNCATED)
        for text in ("", "The", "The answer is", "Answer:", "The correct answer is option")
    ],
    *[
        (text, TRUNCATED)
        for text in ("A or", "A,", "A cell is", "Both A", "Either B", "Not B", "I", "E")
    ],
    *[
        (text, TRUNCATED)
        for text in ("The answer is a", "Answer: a", "The answer is A lot", "I think")
    ],
    *[
        (text, TRUNCATED)
        for text in ("Option B is", "Option B is incorrect", "B is not the", "The answer is not B")
    ],
    ("Answer: A,", TRUNCATED),
    ("nucleus", TRUNCATED),
    ("<think>B", TRUNCATED),
    (None, TRUNCATED),
    ("Let's think. The answer is B", TRUNCATED),
    ("Step 1: find x. Answer: B", TRUNCATED),
    ("A) mitochondrion makes energy\nB) rib", TRUNCATED),
    ("A: it is. B: it is", TRUNCATED),
    ("Let's analyze each option:\n\nA) mitochondrion: this is", TRUNCATED),
    ("The answer is B. Wait, the answer is C. Hmm", TRUNCATED),
    ("I cannot answer this question because", TRUNCATED),
]


@pytest.mark.parametrize(("reply", "expected"), SHORT)
def test_short_reply(reply, expected):
    assert read(reply) == expected


@pytest.mark.parametrize(("reply", "choices", "expected"), RESTATED)
def test_restated_option_text(reply, choices, expected):
    assert read(reply, choices) == expected


@pytest.mark.parametrize(("reply", "expected"), REASONED)
def test_last_committed_answer_wins(reply, expected):
    assert read(reply) == expected


@pytest.mark.parametrize("reply", UNCOMMITTED)
def test_nothing_is_guessed(reply):
    assert read(reply) is UNPARSED


@pytest.mark.parametrize(("reply", "expected"), TEN_CHOICES)
def test_pronoun_and_letter_i(reply, expected):
    assert read(reply, TEN) == expected


@pytest.mark.parametrize(("reply", "finish_reason", "expected"), REFUSALS)
def test_refusal(reply, finish_reason, expected):
    assert read(reply, finish_reason=finish_reason) == expected


@pytest.mark.parametrize(("reply", "expected"), CUT)
def test_cut_reply_counts_by_its_opening_only(reply, expected):
    assert read(reply, finish_reason="length") == expected


@pytest.mark.parametrize("letter", "AB")
def test_two_choices(letter):
    assert read(f"Answer: {letter}", TWO) == letter
    assert read("Answer: C", TWO) is UNPARSED


def test_score_names_outcome_value_and_scorer():
    right = score("Answer: B", "B", CELL)
    wrong = score("The answer is A. Wait, no. The answer is C.", "B", CELL)
    open_ended = score("It depends.", "B", CELL)

    assert (right.outcome, right.value, right.answer) == (Outcome.CORRECT, 1.0, "B")
    assert (wrong.outcome, wrong.value, wrong.answer) == (Outcome.WRONG, 0.0, "C")
    assert (open_ended.outcome, open_ended.value, open_ended.answer) == (UNPARSED, None, None)
    assert {right.scorer, wrong.scorer, open_ended.scorer} == {"letter/1"}
    assert [right.first_answer, wrong.first_answer, open_ended.first_answer] == ["B", "A", None]


@pytest.mark.parametrize(
    ("gold", "choices", "told"),
    [
        ("E", CELL, "A, B, C, D"),
        ("b", CELL, "gold must be"),
        ("", CELL, "gold must be"),
        ("AB", CELL, "gold must be"),
        (1, CELL, "not its text or index"),
        (None, CELL, "gold must be"),
        ("A", (), "1 to 10"),
        ("A", ("x",) * 11, "got 11"),
        ("A", "four", "sequence of option texts"),
        ("A", (1, 2), "sequence of option texts"),
    ],
)
def test_unusable_gold_or_choices(gold, choices, told):
    with pytest.raises(ValueError, match=told):
        score("A", gold, choices)


def test_permuted_choices_move_the_letter():
    for order in permutations(CELL):
        letter = "ABCD"[order.index("nucleus")]

        assert read("The answer is nucleus.", order) == letter
        assert read("nucleus", order) == letter
        assert read(f"nucleus ({letter})", order) == letter
        assert read("The answer is B.", order) == "B"


def test_thinking_changes_nothing():
    for form in COMMITTED:
        answer = form.format("B")

        assert read(f"<think>Answer: C. Or A?</think>\n{answer}") == read(answer), form


def test_scoring_never_raises():
    source = random.Random(20240607)
    alphabet = "ABCDI abi.,:;()[]{}*$\\`<>/|\n\"'-_#=→answeristhoption\0\ud800\u0301\u202e答"
    for _ in range(3000):
        noise = source.randbytes(source.randrange(120)).decode("latin-1")
        text = "".join(source.choices(alphabet, k=source.randrange(120)))
        for reply in (noise, text):
            scored = score(reply, "A", TEN, source.choice(["stop", "length", None]))

            assert (scored.value is None) == (scored.answer is None)


HOSTILE = [
    *("A ", "A, ", "A/", "(A) ", "\nA) x", "A\n\n", "1. A", "'A'", "| A ", " a", "I ", "C, D and "),
    *(
        "answer ",
        "Answer: ",
        "Answer: B ",
        "The answer is A. ",
        "The answer is not ",
        "option A is ",
    ),
    *("answer (", "answer to ", "\nQuestion: ", "nucleus ", "The answer is nucleus", "wait, that "),
    *("\\boxed{", "\\boxed{}", "\\text{", "{", "}", "$", "<answer>", "<", "<|a", "[", "⟦", "⟦L"),
    *("<think>", "</think>", "<think></think>", "</s>", "*", "**", "a*b", "_", "a_", "`", "~", "#"),
    *(
        " ",
        "\n",
        "\n ",
        "\t",
        "\0",
        "-",
        "- ",
        "...",
        ". A",
        "if ",
        "n't ",
        "so ",
        "I can",
        "as an ai",
    ),
    *("\u0301\u0316", "\ufdfa", "\ud800", "\u05d0", "\u202e", "答案是A", "x" * 50 + " "),
]


@pytest.mark.slow
@pytest.mark.parametrize("seed", HOSTILE)
def test_megabyte_replies_take_linear_time(seed):
    reply = "Answer: B\na" + (seed * (1_000_000 // len(seed))) + "b"

    start = time.perf_counter()
    score(reply, "A", CELL)

    assert time.perf_counter() - start < 3  # some 0.3 s; a quadratic step takes minutes


def test_a_bare_letter_is_read_as_the_whole_reading_would(monkeypatch):
    rng = random.Random(11)
    texts = ["12", "b", "(B)", "B.", "\uff22", "Abel", "$\\text{C}$", "none", "A and C", "", "I"]
    asked = [
        (rng.choice("ABCDEFGHIJ"), tuple(rng.choices([*texts, "x" * 90], k=rng.randint(1, 10))))
        for _ in range(3000)
    ]
    short = [score(reply, "A", choices) for reply, choices in asked]
    taken = sum(_is_bare(*one) for one in asked)
    monkeypatch.setattr("harness.scoring.letter._is_bare", lambda reply, choices: False)

    assert short == [score(reply, "A", choices) for reply, choices in asked]
    assert 300 < taken < 2700
