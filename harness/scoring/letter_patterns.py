"""The phrases by which models choose, discuss and deny an option.

Patterns for what stands before a letter end in $ and are searched in its sentence so far; patterns
for what stands after it are matched there. All repetition is bounded or of one character class.
"""

from __future__ import annotations

import re

from harness.scoring.text import BOX_CLOSE, BOX_OPEN

# Not followed by an apostrophe or sign ("I'm", "C++"), not preceded by one ("he'd").
TOKEN = re.compile(r"(?<![A-Za-z0-9_\\&])(?<![A-Za-z]')[A-Za-z](?!'?[A-Za-z0-9_+#&])")

NOUN = (
    r"(?<![a-z])(?:answer|ans|option|choice|guess|pick|selection|response|solution|letter"
    r"|antwort|lösung|respuesta|opción|réponse|reponse|risposta|resposta|odpowiedź|cevap|jawaban"
    r"|ответ|答案|答え|回答|选项|正解|정답|답)(?![a-rt-z])"
)
FILLER = (
    r"(?:[\s,:=]|-(?=\s)|\b(?:indeed|therefore|thus|hence|then|clearly|definitely|certainly"
    r"|obviously|likely|most|probably|simply|actually|just|now|still|given by|the|option|choice"
    r"|letter|answer|opción|la|le|die|option)\b)*$"
)
COPULA = (
    r"(?:\b(?:is|was|must be|should be|would be|will be|has to be|would have to be|seems to be"
    r"|appears to be|remains|becomes|equals|ist|lautet|wäre|es|est|é|è)\b|'s\b|是|为|為|は)"
)
ASIDE = r"(?:[^.!?;:,()\n]|\([^()\n]{1,30}\)|,[^.!?;:,\n]{1,40},){0,80}?"
# "Answer: B", "Final answer (letter) - B", "The answer to the question: B", "Selected: B"
LABEL = re.compile(
    rf"(?:{NOUN}|(?<![a-z])(?:final|correct|selected|conclusion)(?![a-z]))"
    r"(?:\s+(?:choice|option|letter|key|is|correct[ae]|corretta))?\s*(?:\([^()\n]{0,20}\)\s*)?"
    rf"(?:\s(?:to|for)\s[^.!?:,\n]{{1,50}})?(?:[:=]|->|=>|→|\s-|-$|\]){FILLER}",
    re.IGNORECASE,
)
ANY_NOUN = re.compile(rf"{NOUN}|final|correct|selected|conclusion", re.IGNORECASE)
IS = re.compile(rf"{NOUN}{ASIDE}{COPULA}{FILLER}", re.IGNORECASE)
HEADING = re.compile(
    r"(?:the |my )?(?:(?:final|correct|best) )*(?:answer|ans|antwort|respuesta|réponse|risposta"
    r"|resposta|ответ|答案)(?: choice)?",
    re.IGNORECASE,
)
# "each possible answer is", "the incorrect option is", "to answer" name no choice of the model's.
NOT_THE_ANSWER = re.compile(
    r"(?:\b(?:each|every|possible|potential|incorrect|wrong|other|another|plausible|tempting|any|no"
    r"|neither|to|previous|second best|don't|not)\s+(?:\w+\s+)?|n't\s+)$",
    re.IGNORECASE,
)
GAP_NEGATION = re.compile(
    r"\b(?:not|never|incorrect|wrong|false|either|both|between|if|whether|could|might|may"
    r"|eliminated?|excluded?)\b|n't\b",
    re.IGNORECASE,
)
HEDGE = re.compile(
    r"\b(?:if|whether|suppose|supposing|assum\w+|unless|imagine|not|never|doubt|cannot|neither|nor"
    r"|unclear|hardly|might|maybe|perhaps|possibly|could|may|either|both)\b|n't\b",
    re.IGNORECASE,
)
CLAUSE_END = re.compile(
    r"[,;:]\s|\b(?:but|so|then|therefore|thus|hence|because|since|however|and)\b", re.IGNORECASE
)
SENTENCE_END = re.compile(r"[.!?]\s|[\n。]")

CHOOSE = re.compile(
    r"(?:(?:^|\W)(?:i|we)(?:'d|'ll|'m|\s+(?:am|would|will|must|should|shall|have\s+to|can))?"
    r"(?:\s+(?:therefore|thus|confidently|definitely|then|probably|have|to))*\s+|^)"
    r"(?:choose|chose|chosen|select|selected|pick|picked|go(?:ing)?\s+with|opt\s+for|answer|say"
    r"|guess|conclude|vote\s+for)(?:\s+(?:that|the|it's|it\s+is|is))*\s*:?$"
    r"|(?:故选|应选|选择|选)\s*:?$",
    re.IGNORECASE,
)
IT_IS = re.compile(
    r"(?:^|[;,]|\b(?:so|thus|therefore|hence|think|believe|say|guess|means)\b\s*(?:that\s+)?),?\s*"
    r"(?:it's|it\s+is|it\s+must\s+be|it\s+should\s+be|it\s+has\s+to\s+be|that's|that\s+is)$"
    r"|(?:^|\W)i\s+(?:think|believe)(?:\s+that)?$",
    re.IGNORECASE,
)
CONCLUSION = re.compile(
    r"(?:\W|\b(?:therefore|thus|hence|so|consequently|accordingly|finally|ultimately|actually"
    r"|final|no|yes|wait|sure|certainly|ok|okay|it should be|make that|i mean|rather)\b)+$",
    re.IGNORECASE,
)
SEVERAL = re.compile(
    r"\banswers\b[^.!?\n]{0,30}?(?:\bare\b|:)\s*(?:both\s+)?(?:options\s+)?$", re.IGNORECASE
)
NOT_BUT = re.compile(
    rf"(?:{NOUN}|\bit)\b.{{0,30}}?(?:\bnot|n't)\s+(?:option\s+)?\(?[A-J]\)?,?\s+(?:but|rather|instead)"
    r"(?:\s+rather)?$",
    re.IGNORECASE,
)
NOT_IT = re.compile(
    rf"{NOUN}[^.!?;:,\n]{{0,40}}?{COPULA}\s*(?:\w+\s+)?(?:not\b|n't\b)\s*(?:option\s+)?[(]?"
    r"(?P<letter>[A-J])(?![\w'])",
    re.IGNORECASE,
)
# "Wait, that's wrong": said of one's own answer, not of an option.
TAKEN_BACK = re.compile(
    r"\b(?:wait|no|actually|hmm+|oops|sorry)\b[^.\n]{0,30}?\b(?:that|this)"
    r"(?:'s|\s+is|\s+was|\s+can't\s+be|\s+isn't)\s+(?:\w+\s+)?(?:wrong|incorrect|right|correct"
    r"|a\s+mistake)|\bi\s+(?:made\s+(?:a\s+mistake|an\s+error)|was\s+wrong)|\bscratch\s+that",
    re.IGNORECASE,
)
ANNOUNCEMENT = re.compile(
    rf"(?:(?:{NOUN}(?:\s+choice)?)[^.!?;:,\n]{{0,60}}?(?:{COPULA}|[:=]|\n)|{BOX_OPEN})"
    r"\s*(?=(?P<text>[^\n]{1,600}))",
    re.IGNORECASE,
)
TEXT_ENDS = re.compile(rf"[.!]?{BOX_CLOSE}|[.!。]*\s*$|[.!]+ ")
NO_OPTION = re.compile(r"(?:none|neither)\b|(?:both|all) (?:of|are|options?|[a-j])\b")
MAKES = re.compile(r"\b(?:makes?|making|leav(?:es?|ing))$", re.IGNORECASE)
POINTS_TO = re.compile(
    r"\b(?:corresponds?\s+to|corresponding\s+to|match(?:es|ing)?(?:\s+with)?|which\s+is|this\s+is"
    r"|leav(?:es?|ing)(?:\s+us\s+with)?|points?\s+to|aligns?\s+with|consistent\s+with"
    r"|represented\s+by|described\s+(?:by|in)|given\s+(?:by|in))(?:\s+(?:only|the))*$",
    re.IGNORECASE,
)
UNIT = re.compile(
    r"(?:(?<![a-z])(?:the\s+)?(?:option|choice|letter|alternative|opción)|选项)\s*$",
    re.IGNORECASE,
)

GOOD = r"(?:correct|right|best|(?:most|more)\s+\w+|proper|accurate|closest)"
ADVERBS = (
    r"(?:indeed|clearly|definitely|therefore|thus|also|probably|likely|in fact|only|single|one)"
)
VERDICT = re.compile(
    r"\s+(?:is|was|would\s+be|must\s+be|should\s+be|has\s+to\s+be|seems\s+to\s+be|remains)\s+"
    rf"(?:{ADVERBS}\s+)*(?:the\s+)?(?:{ADVERBS}\s+)*"
    rf"(?:(?P<firm>(?:{GOOD},?\s+(?:and\s+)?){{0,3}}(?:answer|option|choice|response|one)\b)"
    r"|(?:correct|right|best|most\s+(?:appropriate|accurate|suitable|plausible|reasonable))\b)"
    r"(?!\s*(?:,?\s*(?:but|however|although|only|if|in\s+that)\b|\?))",
    re.IGNORECASE,
)
LONG_VERDICT = re.compile(
    r"[).:,](?!\s?(?:this|it|that)\b)\s?"
    r"(?P<text>[^.?!\n]{1,120}?),?\s+(?:is|would be|must be)\s+(?:(?!not\b)\w+\s+)?"
    rf"(?:the\s+)?{GOOD}\s+(?:answer|option|choice)\b",
    re.IGNORECASE,
)
MADE = re.compile(rf"[)\]]?\s+(?:as\s+)?(?:the\s+)?(?:only\s+)?{GOOD}\b", re.IGNORECASE)
# What may stand between a clause's start and a letter that gets a verdict: "so option A is".
SUBJECT = re.compile(
    r"(?:^|[.,;:!?\n-]|\b(?:so|thus|therefore|hence|that|only|means|because|since|then|is|why"
    r"|conclude|believe|think|option|choice|answer|letter|alternative)\b)\s*$",
    re.IGNORECASE,
)
CONCLUDING = re.compile(r"\b(?:so|thus|therefore|hence|consequently|conclude)\b", re.IGNORECASE)

CLOSERS = re.compile(rf"\s?[)\]}}>|{BOX_CLOSE}]+|'")
LIST = re.compile(
    r"\s*(?:(?P<firm>[/&+→和或与及、]|->|,?\s?\(?(?:and/or|and|or|und|oder|vs\.?)\s)|,)\s?"
    r"(?:(?:either|both|possibly|maybe|perhaps|also)\s)?(?:(?:option|choice|answer)s?\s)?"
    r"[(\[]?(?P<other>[A-Z])(?![A-Za-z0-9_'+-])[)\]]?(?P<rest>.{0,12})"
)
OTHER_IS_SUBJECT = re.compile(r"\s+(?:is|was|would|isn't)\b")
OTHER_ENDS = re.compile(r"\s*(?:,|and\b|or\b|&|[.!?]|$)")
BARE_END = re.compile(r"\s*(?:\n|$)|[.!。]+\s*(?:\n|$)|[.!]\s+(?=[A-Z(\n])")
# "B. Paris", "B: Paris", "B - Paris", but neither "B.C." nor "B-cells" nor "B?"
MARK = re.compile(
    r"\.(?!\s?[A-Za-z]\.|\d)|[:;!。,]|です|입니다|选项|项|\s*[-→]+(?:\s|$)|\s?[(\[](?!s\))"
)
WORD_AFTER = re.compile(r"\s+([A-Za-z]+)")
GLYPH_AFTER = re.compile(r"\s*[^\w\s?'/&+*^_=<%#@.,-]")
WRONG = re.compile(
    r"(?:[-:.,(]|\b(?:is|are|was|it's|so|therefore)|^)\s*(?:(?:is|also|clearly|thus|therefore"
    r"|definitely|this|that|it|option|statement|choice|which)\s+){0,4}(?:(?:incorrect|wrong|false"
    r"|eliminated|ruled\s+out|not\s+(?:\w+\s+)?(?:correct|right|true|accurate|the\s))\b|❌|✗)"
    r"|\bisn't\b",
    re.IGNORECASE,
)
OTHERS = re.compile(r"\b(?:[A-J]|others?|rest|remaining)\b")
AFTER_OPENING = frozenset({"because", "since", "due", "rather"})
AFTER_LEAD = AFTER_OPENING | {"is", "which", "given", "based", "not", "instead"}
AFTER_NO_WORD_LETTER = AFTER_LEAD | {
    *("as", "was", "that", "by", "for", "with", "where", "from", "in", "explanation", "reason"),
    *("the", "and", "would", "here", "it"),
}
BARE_HEAD = re.compile(
    r"[^A-Za-z0-9]*(?:(?:option|choice|letter|answer|ans|opción|antwort)[^A-Za-z0-9]*)?",
    re.IGNORECASE,
)


QUESTION_AND_ANSWER = re.compile(r"\s*:\s*[(\[]?[A-J][)\].]*\s*")  # "A: C" is either letter


INLINE_LABEL = re.compile(r"[.,;)]\s(?:[Oo]ption )?\(?(?P<letter>[A-Z])[).:]\s")
