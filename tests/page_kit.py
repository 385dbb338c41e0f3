"""Reading a rendered page: its tags, its texts, and where it says that its numbers come from."""

from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "input", "link", "line", "rect", "circle", "path", "use"}
_UNREAD = ("script", "style")


class Reader(HTMLParser):
    """Checks that tags are balanced; `texts` holds (text, tags around it, source or None).

    A source is that of the innermost element that names one.
    """

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs).get("data-source")))

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        around = [tag for tag, _ in self.open]
        sources = [source for _, source in self.open if source is not None]
        if not set(around) & set(_UNREAD):
            self.texts.append((data, around, sources[-1] if sources else None))

    @property
    def text(self):
        joined = " ".join(text for text, _, _ in self.texts)
        return " ".join(joined.replace("\u00a0", " ").split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]
