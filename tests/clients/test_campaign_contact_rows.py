"""Contact files: what is read, and what is wrong with them."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.clients.campaign_contact_rows import LONGEST, Row, kind_of, read, tags_of
from pmctl.errors import Problem

KNOWN = {"email": "email", "firstname": "text", "city": "text", "notes": "textarea"}


def rows(text, kind="csv", known=KNOWN):
    data = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    return list(read(io.BytesIO(data), "people", kind, known))


def said(text, kind="csv", known=KNOWN):
    """What is wrong, as `line: message`."""
    return [f"{p.line}: {p.message}" for p in rows(text, kind, known) if isinstance(p, Problem)]


def test_a_csv_file_names_its_fields_in_the_first_line():
    (row,) = rows('email,firstname,tags\nana@example.org,Ana,"vip,-trial|x"\n')

    assert row == Row(2, "ana@example.org", {"firstname": "Ana"}, ("vip", "-trial", "x"))


@pytest.mark.parametrize(
    "text",
    [
        "email,firstname\na@example.org,Ana\n",
        "email,firstname\r\na@example.org,Ana\r\n",
        "\ufeffemail,firstname\na@example.org,Ana",
        "Email;Firstname\na@example.org;Ana\n",
        "email\tfirstname\na@example.org\tAna\n",
        '"email","firstname"\n"a@example.org","Ana"\n',
        "\n\nemail,firstname\n\na@example.org,Ana\n\n",
        " email , firstname \n a@example.org ,Ana\n",
    ],
)
def test_csv_as_spreadsheets_write_it_is_read(text):
    (row,) = rows(text)

    assert (row.email, row.values) == ("a@example.org", {"firstname": "Ana"})


def test_a_cell_may_hold_lines_quotes_and_separators_and_the_next_line_number_is_right():
    text = 'email,notes\na@example.org,"one\ntwo ""x"", three"\nbad,x\n'

    first, second = rows(text)

    assert first.values["notes"] == 'one\ntwo "x", three'
    assert (second.line, second.message) == (4, "'bad' is no email address")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0: the file is empty"),
        ("firstname\nAna\n", "1: the first line names no field `email`"),
        ("email,email\n", "1: the field 'email' is there twice"),
        ("email,,city\n", "1: a column has no name"),
        ("email,town\n", "1: Mautic has no contact field 'town'"),
        ("email,city\na@example.org\n", "2: 1 cell, but the first line names 2"),
        ("email,city\na@example.org,x,y\n", "2: 3 cells, but the first line names 2"),
        ("email\n\n,\n", "3: 2 cells, but the first line names 1"),
        ("email,city\n,Lima\n", "2: no email"),
        ("email\nana\n", "2: 'ana' is no email address"),
        ("email\na@b\n", "2: 'a@b' is no email address"),
        ("email\na b@example.org\n", "2: 'a b@example.org' is no email address"),
        ("email\na@example.org,b@example.org\n", "2: 2 cells, but the first line names 1"),
        ("email,city\na@example.org,\x1b[31m\n", "2: city holds a control character (U+001B)"),
        ("email,city\na@example.org,\0\n", "2: city holds a control character (U+0000)"),
        (f"email,city\na@example.org,{'x' * 192}\n", "2: city has 192 characters, 191 fit"),
        ('email,city\na@example.org,"x"y\n', "2: not CSV: ',' expected after '\"'"),
        ('email,city\na@example.org,"x\nb@example.org,y\n', "2: not CSV: unexpected end of data"),
        (b"email,city\na@example.org,\xff\n", "2: not UTF-8 text"),
        ("email,tags\na@example.org,-\n", "2: '-' is no tag"),
    ],
)
def test_what_is_wrong_with_csv_is_told_with_its_line(text, message):
    assert said(text) == [message]


def test_every_wrong_row_is_told_and_the_right_ones_are_read():
    found = rows("email\nbad\nb@example.org\nworse\n")

    assert [isinstance(one, Row) for one in found] == [False, True, False]


def test_json_lines_are_read():
    text = (
        '{"email": "a@example.org", "firstname": "Ana", "tags": ["vip", "-trial"]}\n\n'
        '{"email": "b@example.org", "city": null, "points": 5}\n'
    )
    known = {**KNOWN, "points": "number"}

    first, second = rows(text, "jsonl", known)

    assert first == Row(1, "a@example.org", {"firstname": "Ana"}, ("vip", "-trial"))
    assert second == Row(3, "b@example.org", {"city": "", "points": 5})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"email": ', "1: not JSON: Expecting value"),
        ('["a@example.org"]', "1: a line is no JSON object"),
        ('{"email": "a@example.org", "email": "b@example.org"}', "a name is there twice"),
        ('{"email": "a@example.org", "city": NaN}', "NaN is no number"),
        ('{"email": "a@example.org", "city": {"a": 1}}', "city is an object"),
        ('{"email": "a@example.org", "town": "x"}', "Mautic has no contact field 'town'"),
        ('{"email": "a@example.org", "tags": 5}', "tags are text or a list of texts"),
        ('{"email": "a@example.org", "city": "\\ud800"}', "control character (U+D800)"),
        ('{"email": 5}', "no email"),
        ("{}", "no email"),
        ("[" * 100_000, "1: not JSON: "),
    ],
)
def test_what_is_wrong_with_json_lines_is_told(text, message):
    (found,) = said(text, "jsonl")

    assert message in found


def test_a_long_text_fits_into_a_field_for_long_text_alone():
    assert said(f"email,notes\na@example.org,{'x' * (LONGEST + 1)}\n") == []
    assert said(f"email,city\na@example.org,{'x' * (LONGEST + 1)}\n") != []


def test_without_a_listing_of_fields_every_name_is_taken():
    (row,) = rows("email,town\na@example.org,Lima\n", known=None)

    assert row.values == {"town": "Lima"}


def test_what_is_empty_is_sent_only_to_blank_it():
    (row,) = rows("email,firstname,city,tags\na@example.org,,  ,\n")

    assert row.body() == {"email": "a@example.org"}
    assert row.body(blank=True) == {
        "email": "a@example.org",
        "firstname": "",
        "city": "",
        "overwriteWithBlank": True,
    }


@pytest.mark.parametrize(
    ("name", "start", "kind"),
    [
        ("a.csv", b"{", "csv"),
        ("A.JSONL", b"email", "jsonl"),
        ("a.ndjson", b"", "jsonl"),
        ("<stdin>", b'{"email"', "jsonl"),
        ("<stdin>", b'\xef\xbb\xbf\n {"email"', "jsonl"),
        ("<stdin>", b"email,", "csv"),
        ("list.txt", b"", "csv"),
    ],
)
def test_the_format_is_told_by_the_name_or_else_by_the_first_character(name, start, kind):
    assert kind_of(name, start) == kind


def test_tags_are_separated_by_comma_or_bar_and_each_counts_once():
    assert tags_of(" a, b|a ,, -c ") == ("a", "b", "-c")


# The words of a file: no control characters, nothing that looks empty, in every script
words = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20
).filter(lambda text: text.strip())
cells = st.one_of(st.just(""), words, st.lists(words, min_size=2, max_size=3).map("\n".join))
emails = st.from_regex(r"[a-z0-9.+_-]{1,12}@[a-z0-9]{1,8}\.[a-z]{2,4}", fullmatch=True)
people = st.lists(
    st.fixed_dictionaries({"email": emails, "firstname": cells, "notes": cells}), max_size=8
)


@given(people, st.sampled_from([",", ";", "\t"]), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_wrote_is_read_as_it_was(given_rows, separator, bom, end):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["email", "firstname", "notes"], delimiter=separator,
                            lineterminator=end)  # fmt: skip
    writer.writeheader()
    writer.writerows(given_rows)

    found = rows(("\ufeff" if bom else "") + out.getvalue())

    assert [{"email": row.email, **row.values} for row in found] == given_rows


@given(people)
def test_what_a_json_writer_wrote_is_read_as_it_was(given_rows):
    found = rows("".join(json.dumps(row) + "\n" for row in given_rows), "jsonl")

    assert [{"email": row.email, **row.values} for row in found] == given_rows
    assert [row.line for row in found] == list(range(1, len(given_rows) + 1))


@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl"]))
def test_any_bytes_give_rows_or_problems_with_a_line_in_the_file(data, kind):
    lines = data.count(b"\n") + 1
    for one in rows(data, kind):
        assert 0 <= one.line <= lines
        if isinstance(one, Row):
            json.dumps(one.body()).encode()


@given(st.text(max_size=120), st.sampled_from(["csv", "jsonl"]))
def test_any_text_after_a_good_header_gives_rows_or_problems(text, kind):
    start = "email,city\n" if kind == "csv" else '{"email": "a@example.org"}\n'
    for one in rows(start + text, kind):
        assert isinstance(one, Row | Problem)
        assert one.line >= 1
