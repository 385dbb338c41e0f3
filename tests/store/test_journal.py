import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from harness.errors import StoreError
from harness.store.journal import JOURNAL, Journal
from harness.store.rows import response_from_row, sample_from_row
from harness.store.schema import RESPONSES, SCHEMA_VERSION
from samples import response, sample


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


def test_an_acknowledged_answer_survives(folder):
    with Journal(folder) as journal:
        journal.add_samples([sample(0), sample(1)])
        journal.add_response(sample(1), 0, response(1, text="é \ud83d", logprobs=(-0.5, -2.0)), "r")

    with Journal(folder) as journal:
        assert journal.answered() == {("toy", "id1", 0)}
        stored = [response_from_row(row) for row in journal.mappings("responses")]
        samples = [sample_from_row(row) for row in journal.mappings("samples")]

    assert stored == [response(1, text="é \ufffd", logprobs=(-0.5, -2.0))]
    assert samples == [sample(0), sample(1)]


def test_an_error_is_not_an_answer_and_may_be_replaced(folder):
    with Journal(folder) as journal:
        journal.add_samples([sample(0)])
        failed = response(0, text=None, error_kind="timeout", error_message="late")
        journal.add_response(sample(0), 0, failed, "r")

        assert journal.answered() == set()

        journal.add_response(sample(0), 0, response(0), "r")

        assert [row["text"] for row in journal.mappings("responses")] == ["B"]


def test_the_replies_of_conversations_are_told_in_order(folder):
    talk = sample(0, turns=("And then?", "And at last?"))
    with Journal(folder) as journal:
        journal.add_samples([talk, sample(1)])
        assert journal.replies() == {}

        journal.add_response(sample(1), 0, response(1), "r")
        journal.add_response(talk, 1, response(0, text="second"), "r")
        journal.add_response(talk, 0, response(0, text="é \ud83d"), "r")

        assert journal.replies() == {("toy", "id0"): ["é \ufffd", "second"]}

        journal.add_response(talk, 0, response(0, text=None), "r")
        journal.add_response(talk, 1, response(0, text=None, error_kind="timeout"), "r")

        assert journal.replies() == {("toy", "id0"): [""]}


def test_a_journal_begun_without_turns_goes_on(folder):
    with Journal(folder) as journal:
        journal.add_samples([sample(0)])
        journal.add_response(sample(0), 0, response(0), "r")
    with sqlite3.connect(folder / JOURNAL) as connection:
        connection.execute("ALTER TABLE samples DROP COLUMN turns")
    connection.close()

    with Journal(folder) as journal:
        assert journal.answered() == {("toy", "id0", 0)}
        assert journal.replies() == {}
        assert [sample_from_row(row) for row in journal.mappings("samples")] == [sample(0)]


def test_a_journal_begun_without_the_optional_columns_of_answers_goes_on(folder):
    with Journal(folder) as journal:
        journal.add_samples([sample(0), sample(1)])
        journal.add_response(sample(0), 0, response(0), "r")
    optional = [column.name for column in RESPONSES if column.optional]
    with sqlite3.connect(folder / JOURNAL) as connection:
        for name in optional:
            connection.execute(f"ALTER TABLE responses DROP COLUMN {name}")
    connection.close()
    later = response(1, attempts=3, reasoning_tokens=40, letter_bound=-7.5)

    with Journal(folder) as journal:
        journal.add_response(sample(1), 0, later, "r")
        found = [response_from_row(row) for row in journal.mappings("responses")]

    assert optional
    assert found == [response(0), later]


def test_rows_follow_the_samples_whatever_the_order_of_answers(folder):
    with Journal(folder) as journal:
        journal.add_samples([sample(n) for n in range(4)])
        for number in (2, 0, 3, 1):
            journal.add_response(sample(number), 0, response(number), "r")

        order = [row["sample_id"] for row in journal.mappings("responses")]

    assert order == ["id0", "id1", "id2", "id3"]


def test_a_second_writer_is_refused(folder):
    with Journal(folder), pytest.raises(StoreError, match="another harness process") as caught:
        Journal(folder).__enter__()

    assert caught.value.exit_code == 5


def test_the_lock_of_a_dead_process_is_ignored(folder):
    code = (
        "import sys, time; from pathlib import Path; from harness.store.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1])); journal.__enter__()\n"
        "print('locked', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout.readline() == "locked\n"
    with pytest.raises(StoreError):
        Journal(folder).__enter__()

    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()

    with Journal(folder) as journal:
        assert journal.answered() == set()


def test_another_schema_version_is_refused_naming_both(folder):
    with Journal(folder) as journal:
        journal.set_meta("schema_version", 99)

    with pytest.raises(StoreError, match=rf"version 99.*version {SCHEMA_VERSION}") as caught:
        Journal(folder).__enter__()

    assert caught.value.exit_code == 5


def test_a_damaged_journal_is_named(folder):
    folder.mkdir()
    (folder / JOURNAL).write_bytes(b"this is not a database" * 100)

    with pytest.raises(StoreError, match="damaged"):
        Journal(folder).__enter__()


def test_a_failed_transaction_leaves_nothing(folder):
    with Journal(folder) as journal:
        with pytest.raises(ZeroDivisionError), journal.transaction() as connection:  # noqa: PT012
            connection.execute("INSERT INTO meta VALUES ('x', '1')")
            raise ZeroDivisionError

        assert journal.meta("x") is None


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_keeps_what_was_acknowledged(folder):
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    acknowledged = 0
    try:
        with Journal(folder) as journal:
            samples = [sample(n) for n in range(50)]
            journal.add_samples(samples)
            with pytest.raises(StoreError, match="free some space") as caught:  # noqa: PT012
                for number, item in enumerate(samples * 100):
                    journal.add_response(item, number // 50, response(0, text="x" * 4000), "r")
                    acknowledged += 1
        copy = folder.parent / "copy.sqlite"
        for suffix in ("", "-wal", "-shm"):
            source = folder / (JOURNAL + suffix)
            if source.exists():
                copy.with_name(copy.name + suffix).write_bytes(source.read_bytes())
    finally:
        time.sleep(0.1)
        subprocess.run(["umount", str(folder)], check=True)

    assert caught.value.exit_code == 5
    rows = sqlite3.connect(copy).execute("SELECT count(*) FROM responses").fetchone()[0]
    assert rows == acknowledged > 10
