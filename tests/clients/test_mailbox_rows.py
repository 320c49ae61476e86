"""The rows of a file of mailboxes: spreadsheets of all kinds, and each mistake where it is."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.clients.mailbox_rows import Row, read
from pmctl.errors import Problem


def rows(text: str | bytes, *, generate: bool = True) -> list[Row | Problem]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(read(io.BytesIO(data), "accounts.csv", generate=generate))


def told(text: str | bytes, *, generate: bool = False) -> str:
    (problem,) = [one for one in rows(text, generate=generate) if isinstance(one, Problem)]
    return f"{problem.where}: {problem.message}"


def test_a_spreadsheet_of_another_country_is_read_as_it_is():
    text = (
        "\ufeffE-Mail;x\r\n".replace("E-Mail;x", "Email;Password;Quota;Alias;Forward;Forward_only")
        + 'Ana@Example.com;"a;""b"" secret";2048;sales|info;"x@y.org, z@y.org";yes\r\n\r\n'
    )

    (row,) = rows(text.encode())

    assert isinstance(row, Row)
    assert (row.line, str(row.address), row.password) == (2, "ana@example.com", 'a;"b" secret')
    assert (row.quota_mb, row.aliases) == (2048, ("sales", "info"))
    assert (row.forwards, row.forward_only) == (("x@y.org", "z@y.org"), True)
    assert "secret" not in repr(row)


@pytest.mark.parametrize("cell", ["generated", "", " generated "])
def test_a_password_to_be_made_up_needs_a_file_to_put_it(cell):
    text = f"email,password\na@example.com,{cell}\n"

    (row,) = rows(text)

    assert isinstance(row, Row)
    assert row.password is None
    assert told(text).startswith("accounts.csv:2:15: ")


def test_only_the_email_must_be_there():
    (row,) = rows("address\na@example.com\n")
    assert isinstance(row, Row)
    assert (row.quota_mb, row.aliases, row.forwards) == (None, (), ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "accounts.csv: the file is empty"),
        ("\n\n", "accounts.csv: the file is empty"),
        ("email,pasword\n", "accounts.csv:1:1: there is no column 'pasword'"),
        ("quota,alias\n", "accounts.csv:1:1: the first line names no column `email`"),
        ("email,email\n", "accounts.csv:1:1: the column email is there twice"),
        ("email,quota\na@example.com\n", "accounts.csv:2:1: 1 cell, but the first line names 2"),
        ("email\nnobody\n", "accounts.csv:2:1: 'nobody' is no address"),
        (
            "password,email\nlong-enough,a+b@x.org\n",
            "accounts.csv:2:13: 'a+b': HestiaCP takes",
        ),
        (
            'email,alias,password\na@x.org,"b,c d!",long-enough\n',
            "accounts.csv:2:9: 'd!' is no",
        ),
        ("email,password\na@x.org,short\n", "accounts.csv:2:9: the password has less than 8"),
        ("email,password\na@x.org, blanks-here\n", "accounts.csv:2:9: the password begins or ends"),
        (
            "email,password\na@x.org,/tmp/secret-1\n",
            "accounts.csv:2:9: the password begins with",
        ),
        ("email,quota\na@x.org,10G\n", "accounts.csv:2:9: '10G' is no quota"),
        ("email,alias\na@x.org,A\n", "accounts.csv:2:9: the alias a is the mailbox itself"),
        ("email,forward\na@x.org,nope\n", "accounts.csv:2:9: 'nope' is no address to forward to"),
        ("email,forward_only\na@x.org,yes\n", "accounts.csv:2:9: forward_only without a forward"),
        ("email,forward_only\na@x.org,maybe\n", "accounts.csv:2:9: forward_only is yes or no"),
        ('email,password\na@x.org,"abc"def\n', "accounts.csv:2:1: not CSV"),
        ('email,password\na@x.org,"never ended\n', "accounts.csv:2:1: not CSV"),
        (b"email\n\xff@x.org\n", "accounts.csv:2:1: not UTF-8 text"),
    ],
)
def test_each_mistake_is_told_where_it_is(text, words):
    assert told(text).startswith(words)


def test_a_mistake_after_a_cell_of_several_lines_has_its_own_line():
    text = 'email,alias\na@x.org,"one\ntwo"\nb@x.org,c d\nnobody,\n'
    found = rows(text)
    assert [one.line for one in found] == [2, 4, 5]
    assert isinstance(found[2], Problem)


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=8, max_size=20)


@given(st.lists(CELL, max_size=4))
def test_any_password_comes_through_a_spreadsheet_as_it_is(passwords):
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["email", "password"])
    writer.writerows([f"u{n}@example.com", one] for n, one in enumerate(passwords))

    found = rows(file.getvalue(), generate=False)

    for row, given_one in zip(found, passwords, strict=True):
        assert isinstance(row, Problem) or row.password == given_one


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(data):
    assert isinstance(rows(data), list)
