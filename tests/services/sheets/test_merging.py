"""Joining two changes of one answer: whatever is written, nothing that only one side changed is lost."""

from itertools import combinations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.services.sheets import merging
from marketplace.services.sheets.pitch import PITCH

TITLE, RISKS, STAGE = (PITCH.by_name[name] for name in ("title", "risks", "stage"))

words = st.sampled_from(["a", "b", "c", "d"])
texts = st.dictionaries(st.sampled_from(["en", "es", "pt"]), words)
cells = st.fixed_dictionaries({}, optional={"type": words, "mitigation": words})
rows = st.dictionaries(st.sampled_from("klmnopqr"), cells, max_size=5).map(
    lambda found: [{"key": key, **row} for key, row in found.items()]
)


@settings(max_examples=400, deadline=None)
@given(texts, texts, texts)
def test_texts_keep_what_either_changed(base, mine, theirs):
    merged, clashes = merging.three_way(TITLE, base, mine, theirs)
    merged = merged or {}

    both = {
        code for code in ["en", "es", "pt"] if base.get(code) != mine.get(code) and base.get(code) != theirs.get(code)
    }
    differ = {code for code in both if mine.get(code) != theirs.get(code)}
    for code in ("en", "es", "pt"):
        mine_counts = base.get(code) != mine.get(code) and code not in differ
        assert merged.get(code) == (mine if mine_counts else theirs).get(code)
    assert clashes == bool(differ)


@settings(max_examples=400, deadline=None)
@given(rows, rows, rows)
def test_rows_keep_what_either_changed(base, mine, theirs):
    # Rows that say the same in the same order are the same, whatever they are called.
    bare = [[{**row, "key": ""} for row in part] for part in (base, mine, theirs)]
    assume(not any(one == other for one, other in combinations(bare, 2)))

    merged, clashes = merging.three_way(RISKS, base, mine, theirs)
    was, wanted, now = ({row["key"]: row for row in part} for part in (base, mine, theirs))
    found = {row["key"]: row for row in merged or []}

    assert len(found) == len(merged or [])
    if clashes or len({*wanted, *now}) > RISKS.most:
        return
    for key in {*was, *wanted, *now}:
        for name in ("type", "mitigation"):
            before, me, they, result = (part.get(key, {}).get(name) for part in (was, wanted, now, found))
            if me != before and (key in wanted or key not in was):
                assert result == me
            elif they != before and key in now:
                assert result == they


@settings(max_examples=300, deadline=None)
@given(rows, rows)
def test_change_laid_over_where_it_began_is_the_change(before, after):
    def by_key(found):
        return {row["key"]: row for row in found or []}

    assert by_key(merging.overlay(RISKS, before, after, before)) == by_key(after)


@settings(max_examples=300, deadline=None)
@given(texts, texts, texts)
def test_change_of_texts_laid_over_others_wins_where_it_changed(before, after, onto):
    found = merging.overlay(TITLE, before, after, onto) or {}

    for code in ("en", "es", "pt"):
        expected = after if before.get(code) != after.get(code) else onto
        assert found.get(code) == expected.get(code)


def test_single_answers_clash_as_a_whole():
    assert merging.three_way(STAGE, "scoping", "feasibility", "operation") == ("operation", True)
    assert merging.three_way(STAGE, "scoping", "feasibility", "scoping") == ("feasibility", False)
    assert merging.three_way(STAGE, "scoping", "scoping", "operation") == ("operation", False)
    assert merging.three_way(STAGE, "scoping", "operation", "operation") == ("operation", False)
    assert merging.three_way(STAGE, None, None, "operation") == ("operation", False)


def test_zero_is_an_answer():
    people = PITCH.by_name["resettled_people"]

    assert merging.three_way(people, None, 0, None) == (0, False)
    assert merging.three_way(people, 0, None, 0) == (None, False)


def test_rows_that_become_too_many_are_told():
    base = [{"key": f"k{number}", "type": "a"} for number in range(11)]
    mine, theirs = [*base, {"key": "m", "type": "b"}], [*base, {"key": "t", "type": "c"}]

    assert merging.three_way(RISKS, base, mine, theirs) == (theirs, True)


def test_new_rows_read_twice_are_the_same():
    mine, theirs = [{"key": "x", "type": "a"}], [{"key": "y", "type": "a"}]

    assert merging.three_way(RISKS, None, mine, theirs) == (mine, False)


def test_my_order_stays_where_theirs_did_not_change():
    base = [{"key": key, "type": key} for key in "klm"]

    merged, clashes = merging.three_way(RISKS, base, base[::-1], [*base, {"key": "n", "type": "n"}])

    assert ([row["key"] for row in merged], clashes) == (["m", "l", "k", "n"], False)
