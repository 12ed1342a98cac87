"""Names, selectors and durations as users type them."""

from __future__ import annotations

import fnmatch
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfbench.names import ENTRY_NAME, PROBLEM_NAME, NameProblem, Selector, parse_selector, unknown
from mfbench.units import duration

NAMES = ("committor/double-well", "committor/mueller", "fokker-planck/ring", "is-sgd")

words = st.text(string.ascii_letters + string.digits + "_-.+", min_size=1)
globs = st.text(string.ascii_lowercase + string.digits + "-/*?", min_size=1)


@given(glob=globs, parameters=st.dictionaries(words, words | st.builds("{}={}".format, words, words)))
def test_what_is_written_is_read(glob, parameters):
    inside = ",".join(f"{key}={value}" for key, value in parameters.items())
    assert parse_selector(f"{glob}[{inside}]") == Selector(glob, parameters)
    spaced = " , ".join(f" {key} = {value} " for key, value in parameters.items())
    assert parse_selector(f" {glob} [{spaced}] ") == Selector(glob, parameters)


@given(glob=globs)
def test_without_brackets_there_are_no_parameters(glob):
    assert parse_selector(glob) == Selector(glob, {})


@given(text=st.text(string.ascii_lowercase + "[]=,*? ", max_size=12))
def test_any_text_is_read_or_refused(text):
    """Nothing but a NameProblem comes out, and it quotes what was got."""
    try:
        selector = parse_selector(text)
    except NameProblem as problem:
        assert repr(text.strip()) in str(problem)
    else:
        assert not set(selector.glob) & set("[]")
        assert all(key and value for key, value in selector.parameters.items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected NAME"),
        ("[dim=2]", "expected NAME"),
        ("arc[dim=2", "expected NAME"),
        ("arc]dim=2[", "expected NAME"),
        ("arc[dim=2]x", "expected NAME"),
        ("arc[dim=2][n=3]", "expected NAME"),
        ("arc[dim]", "got 'dim' between the brackets; expected key=value"),
        ("arc[dim=]", "got 'dim='"),
        ("arc[=2]", "got '=2'"),
        ("arc[dim=2,dim=3]", "parameter 'dim' is given twice"),
    ],
)
def test_malformed_selectors_say_what_was_got(text, words):
    with pytest.raises(NameProblem) as caught:
        parse_selector(text)
    assert words in str(caught.value)


@given(glob=globs)
def test_matching_is_that_of_file_names(glob):
    """Wildcards `*` and `?` as in `fnmatch`, over the whole name, or over its part behind the slash."""
    found = Selector(glob, {}).matching(NAMES)
    assert found == sorted(
        name
        for name in NAMES
        if fnmatch.fnmatchcase(name, glob)
        or ("/" not in glob and fnmatch.fnmatchcase(name.partition("/")[2], glob))
    )


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("mueller", ["committor/mueller"]),
        ("committor/*", ["committor/double-well", "committor/mueller"]),
        ("*", sorted(NAMES)),
        ("?ing", ["fokker-planck/ring"]),
        ("MUELLER", []),
        ("ueller", []),
    ],
)
def test_examples_of_matching(glob, found):
    assert Selector(glob, {}).matching(NAMES) == found


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("committor/muller", "did you mean committor/mueller"),
        ("muellr", "did you mean committor/mueller"),
        ("is-sdg", "did you mean is-sgd"),
        ("Mueller", "did you mean committor/mueller"),
        ("IS-SGD", "did you mean is-sgd"),
        ("COMMITTOR/MUELLER", "did you mean committor/mueller"),
        ("zzzz", "known: committor/double-well, committor/mueller, fokker-planck/ring, is-sgd."),
    ],
)
def test_unknown_names_suggest_the_nearest(name, words):
    error = unknown("problem", name, NAMES)
    assert f"unknown problem {name!r}" in str(error)
    assert words in str(error)


def test_unknown_where_nothing_is_known():
    assert str(unknown("solver", "x", ())) == "unknown solver 'x'; known: none."


@pytest.mark.parametrize("name", ["a", "is-sgd", "s4-6m", "2d"])
def test_entry_names(name):
    assert ENTRY_NAME.fullmatch(name)
    assert PROBLEM_NAME.fullmatch(f"committor/{name}")


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a--b", "a_b", "a/b/c", "a b", "ä", "..", "a\n"])
def test_refused_entry_names(name):
    """What could leave its folder in a results folder, or collide on a file system, is no name."""
    assert not ENTRY_NAME.fullmatch(name)
    assert not PROBLEM_NAME.fullmatch(f"committor/{name}")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1.5 min", 90), ("500ms", 0.5), ("2h", 7200), ("45", 45), (".5s", 0.5), (" 3 M ", 180)],
)
def test_durations(text, seconds):
    assert duration(text) == pytest.approx(seconds, rel=1e-12)


@given(
    number=st.floats(1e-3, 1e6),
    unit=st.sampled_from([("ms", 1e-3), ("s", 1), ("m", 60), ("min", 60), ("h", 3600)]),
)
def test_duration_is_number_times_unit(number, unit):
    name, seconds = unit
    assert duration(f"{number:.9f}{name}") == pytest.approx(float(f"{number:.9f}") * seconds, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["", "soon", "0s", "-3s", "3 days", "1e3", "nan", "inf", "3s 4s", "1,5s", "9" * 400]
)
def test_refused_durations(text):
    with pytest.raises(ValueError, match="expected a duration above zero"):
        duration(text)
