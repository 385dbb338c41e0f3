r"""Pairs of answers, by class: those that any mathematician calls the same, or different.

Written for this project. `POLICY` holds pairs whose verdict depends on what the question asked
(units, percent, names), with the verdict that harness has chosen and documents.
"""

SAME = {
    "thousands": [
        ("1000", "1,000"),
        ("1234567", "1{,}234{,}567"),
        (r"10\,000", "10000"),
        (r"75,\!075", "75075"),
        ("12 345 678", "12345678"),
    ],
    "currency": [(r"\$5.00", "5"), ("$1,250", "1250"), ("£3.50", "3.5"), ("50 cents", r"\$0.50")],
    "percent": [(r"12.5\%", r"\frac{1}{8}"), ("25 percent", r"25\%"), (r"25\%", "0.25")],
    "units": [
        ("18 cm", r"18\text{ centimeters}"),
        ("1000 m", "1 km"),
        ("60 minutes", "1 hour"),
        (r"144\text{ square inches}", "1 square foot"),
        (r"5\text{ m/s}", "5 meters per second"),
        (r"45^\circ", r"\frac{\pi}{4}"),
    ],
    "trailing zeros": [("2.0", "2"), ("2.50", "2.5"), (".5", "0.5"), ("99.90", "99.9")],
    "fractions": [
        (r"\frac12", "0.5"),
        (r"\dfrac{3}{4}", "3/4"),
        (r"\frac{1}{-2}", "-0.5"),
        (r"1\frac{1}{2}", "3/2"),
        ("½", r"\frac{2}{4}"),
        ("-1.5", r"-1\frac12"),
    ],
    "scientific": [
        ("1.5e3", "1500"),
        (r"1.5\times 10^3", "1500"),
        ("1.5×10³", "1500"),  # noqa: RUF001
        ("3e-2", "0.03"),
        (r"6.02\times10^{23}", "6.02e23"),
    ],
    "repeating decimals": [
        (r"0.\overline{3}", r"\frac13"),
        (r"2.\overline{4}", "22/9"),
        ("0.1666...", "1/6"),
        (r"0.\dot{3}", "1/3"),
    ],
    "bases and clocks": [
        ("1011_2", r"1011_{\text{two}}"),
        ("3:30 pm", "3:30 P.M."),
        ("2:3", "4:6"),
    ],
    "roots and constants": [
        (r"\sqrt{8}", r"2\sqrt{2}"),
        ("√8", "2√2"),
        ("3π", r"3\pi"),
        ("sqrt(8)", "2*sqrt(2)"),
        (r"\frac{1}{\sqrt3}", r"\frac{\sqrt3}{3}"),
        ("∛27", "3"),
        ("0.5\\pi", "π/2"),
    ],
    "formulas": [
        ("x^2+2x+1", "(x+1)^2"),
        (r"\frac{x+1}{2}", r"\frac{1}{2}x+\frac12"),
        ("x²+1", "x**2+1"),
        ("1/2x", r"\frac{x}{2}"),
        (r"\frac{1}{x}+\frac{1}{y}", r"\frac{x+y}{xy}"),
        ("a^{bc}", "a^{cb}"),
        (r"2\sin x\cos x", r"\sin 2x"),
    ],
    "numbers to be worked out": [
        (r"\binom{5}{2}", "10"),
        ("2^{10}", "1024"),
        (r"\log_2 8", "3"),
        ("6!", "720"),
        (r"\sin 30^\circ", "1/2"),
    ],
    "complex numbers": [("1+2i", "2i+1"), (r"\frac{1}{1+i}", r"\frac{1-i}{2}"), ("(1+i)^2", "2i")],
    "lists and sets": [
        ("1,2,3", "3, 1, and 2"),
        (r"\{1,2\}", r"\{2,1\}"),
        (r"\pm 2", "-2, 2"),
        ("70,110", "110, 70"),
        (r"1\pm\sqrt{2}", r"1+\sqrt2, 1-\sqrt2"),
        ("(1,2), (3,4)", "(3,4), (1,2)"),
    ],
    "points and matrices": [
        (r"\left(\frac12,3\right)", "(0.5, 3)"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{bmatrix}1\\2\end{bmatrix}"),
        (
            r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
            r"\left[\begin{array}{cc}1&2\\3&4\end{array}\right]",
        ),
    ],
    "intervals": [
        (r"(2,5]", r"2 < x \le 5"),
        (r"x\in(-\infty,3]", r"x \leq 3"),
        (r"(-\infty,2)\cup(3,\infty)", "x<2 or x>3"),
        (r"[1,2]\cup[3,4]", r"[3,4]\cup[1,2]"),
        ("2 \\le x \\le 3", "3 \\ge x \\ge 2"),
    ],
    "equations": [
        ("x+y=3", "2x+2y=6"),
        ("y=2x+1", "2x - y + 1 = 0"),
        ("3x+4y=12", r"y=-\frac34x+3"),
        ("x=1, y=2", "y=2, x=1"),
    ],
    "words": [
        (r"\text{Monday}", "monday"),
        (r"\text{(B)}", "B"),
        (r"\text{no solution}", r"\emptyset"),
        ("five", "5"),
        (r"\textbf{even}", "Even."),
    ],
}

DIFFERENT = {
    "rounded": [("1/3", "0.333"), (r"\pi", "3.14"), (r"\sqrt2", "1.414"), ("1", "1.0000000001")],
    "bases": [("10_2", "10"), ("10_2", "2"), ("101_2", "101_3"), ("77_8", "63")],
    "repeating bars": [(r"0.\overline{3}", "0.3"), (r"0.\overline{12}", "0.12"), ("0.(3)", "0.3")],
    "clock times": [
        ("12:30", "12.5"),
        ("1:30", "1/30"),
        ("3:00 pm", "3:00 am"),
        ("9 a.m.", "9"),
        ("10:15", "2/3"),
    ],
    "tautologies": [("x=5", "5=5"), ("x=x", "x=5"), ("0=0", "x=0"), ("x+y=x+y", "x=1")],
    "digit groups": [
        ("1,234", "1.234"),
        ("1,000", "1,00"),
        (r"10\,000", "10"),
        ("12 345", "345"),
        ("1{,}234", "1"),
    ],
    "scientific": [("1.5e3", "1.5"), ("1.5e3", "4.5e"), ("2e3", "2e^3"), ("1e3", "13")],
    "roots and constants": [("√2", "2"), ("3π", "3"), (r"\sqrt[3]{8}", r"3\sqrt{8}"), ("2e", "2")],
    "a part for the whole": [
        ("1,2", "1"),
        (r"\{1,2,3\}", r"\{1,2\}"),
        ("1 and 2", "2"),
        (r"\pm 2", "2"),
        ("[1,2]\\cup[3,4]", "[1,2]"),
        ("x<2 or x>3", "x<2"),
        ("70,110", "70"),
        ("(1,2),(3,4)", "(1,2)"),
        ("1,2,2", "1,2"),
    ],
    "order and brackets": [
        ("(1,2)", "(2,1)"),
        ("[0,1)", "[0,1]"),
        ("(1,2)", r"\{1,2\}"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}"),
    ],
    "units": [
        ("5 cm", "5 m"),
        ("3 hours", "3 minutes"),
        ("5 cm^2", "5 cm^3"),
        ("5 dollars", "5 cents"),
        ("20°C", "20°F"),
    ],
    "percent": [(r"50\%", r"5\%"), (r"0.5\%", "0.5"), (r"5\%", "0.5")],
    "signs and digits": [
        ("2", "-2"),
        ("i", "-i"),
        ("2.5", "25"),
        ("12345678901234567890", "12345678901234567891"),
    ],
    "formulas": [
        ("(x+1)^2", "x^2+1"),
        ("1/2x^2", "1/(2x^2)"),
        (r"\log 2", r"\ln 2"),
        ("x_1", "x_2"),
        ("x", "X"),
        (r"\frac{1}{2004!}", r"\frac{1}{2005!}"),
        ("x<3", r"x \le 3"),
        ("y=2x+1", "y=2x+2"),
    ],
    "words": [
        ("Monday", "Tuesday"),
        (r"\text{(A)}", r"\text{(B)}"),
        (r"\emptyset", "0"),
        ("no solution", "all real numbers"),
        (r"\overline{AB}", "AB"),
    ],
}

POLICY = [
    (r"50\%", "50", True),  # the question said "percent"
    (r"18\text{ hours}", "18", True),
    (r"90^\circ", "90", True),
    ("5 apples", "5", True),
    ("x = 5", "5", True),
    ("f(x)=x^2+1", "x^2+1", True),
    ("(3,4)", "x=3, y=4", True),
    (r"\infty", "infinity", True),
    ("€20", r"\$20", False),
    ("x = 5", "y = 5", False),
    ("1000", "1.000", False),  # no thousands of points: 1.000 is one
]

WRAPPINGS = {
    "boxed": "We compute step by step, and so the result is $\\boxed{ANSWER}$.",
    "answer line": "We compute step by step.\nAnswer: ANSWER",
    "sentence": "We compute step by step. So the answer is ANSWER.",
}


def wrapped(answer: str, wrapping: str) -> str:
    """A whole reply that gives the answer."""
    return WRAPPINGS[wrapping].replace("ANSWER", answer)
