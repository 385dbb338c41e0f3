"""The sample report in the repository is what this code makes of the runs stored beside it."""

import base64
import gzip
import re
import tempfile
from pathlib import Path

import pytest

from sample_report import MADE_WITH, SAMPLE, here, write

pytestmark = pytest.mark.slow

AGAIN = "write it again: python tests/sample_report.py"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    write(folder)
    return {file: text.read_bytes() for file, text in html(folder).items()}


def html(folder):
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.html")}


def unpacked(page):
    """What a page says, whichever library drew its pictures and packed its samples."""
    text = re.sub(r'<svg [^>]*class="chart".*?</svg>', "", page.decode("utf-8"), flags=re.DOTALL)

    def unpack(found):
        return gzip.decompress(base64.b64decode(found[1])).decode("utf-8")

    return re.sub(r'(?<=<script type="application/gzip") id="[\w-]+">(.*?)</script>', unpack, text)


def test_it_says_the_same(written):
    stored = {file: path.read_bytes() for file, path in html(SAMPLE).items()}

    assert stored.keys() == written.keys(), AGAIN
    for file, page in written.items():
        assert unpacked(stored[file]) == unpacked(page), AGAIN


@pytest.mark.skipif(here() != MADE_WITH, reason=f"made with {MADE_WITH}, here are {here()}")
def test_it_is_the_same_byte_for_byte(written):
    for file, page in written.items():
        assert (SAMPLE / file).read_bytes() == page, AGAIN


def test_it_tells_nothing_of_the_machine_that_made_it():
    files = [path for path in SAMPLE.rglob("*") if path.is_file()]

    assert len(files) > 20
    for path in files:
        for private in (SAMPLE.parents[1], Path.home(), tempfile.gettempdir()):
            assert f"{private}/".encode() not in path.read_bytes(), path
