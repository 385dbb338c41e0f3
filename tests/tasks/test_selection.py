import random

import pytest

from harness.tasks.selection import allocate, select
from samples import sample


def population(sizes):
    return [
        sample(number, sample_id=f"{subject}-{number}", subject=subject)
        for subject, size in sizes.items()
        for number in range(size)
    ]


SIZES = {"large": 300, "middle": 90, "small": 10}


def count(chosen):
    found = dict.fromkeys(SIZES, 0)
    for item in chosen:
        found[item.subject] += 1
    return found


def test_the_choice_is_proportional():
    assert count(select(population(SIZES), 40, seed=0)) == {"large": 30, "middle": 9, "small": 1}


def test_every_subject_gets_one_where_the_limit_allows():
    assert count(select(population(SIZES), 3, seed=0)) == {"large": 1, "middle": 1, "small": 1}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 57, 399])
def test_the_limit_is_met_exactly(limit):
    assert len(select(population(SIZES), limit, seed=0)) == limit


@pytest.mark.parametrize("limit", [None, 400, 5000])
def test_no_limit_takes_all(limit):
    samples = population(SIZES)

    assert select(samples, limit, seed=0) == samples


def test_a_smaller_choice_lies_within_a_larger():
    samples = population(SIZES)
    previous = set()
    for limit in range(1, 401):
        chosen = {item.sample_id for item in select(samples, limit, seed=3)}

        assert previous <= chosen
        previous = chosen


def test_the_choice_depends_on_the_seed_alone():
    samples = population(SIZES)
    shuffled = samples[:]
    random.Random(1).shuffle(shuffled)

    first = {item.sample_id for item in select(samples, 40, seed=0)}

    assert first == {item.sample_id for item in select(shuffled, 40, seed=0)}
    assert first != {item.sample_id for item in select(samples, 40, seed=1)}


def test_seats_follow_sainte_lague():
    # Votes and seats of the worked example at https://en.wikipedia.org/wiki/Sainte-Laguë_method:
    # one guaranteed seat each does not change its outcome.
    votes = {"A": 53_000, "B": 24_000, "C": 23_000}

    assert allocate(votes, 7) == {"A": 3, "B": 2, "C": 2}
