"""Lists of the stand-in: pages, conditions, searches."""

from __future__ import annotations

import pytest

from pmctl.sandbox.answers import RefusalError
from pmctl.sandbox.listing import compare, like, select
from pmctl.sandbox.query import Where, parse, wheres

ROWS = [
    {"id": key, "name": f"Mail {key} [[prod/a]]", "description": None if key % 2 else "pmctl:v1 x"}
    for key in range(1, 41)
]


def ids(query: str) -> list[int]:
    return [row["id"] for row in select(ROWS, parse(query), ("name", "description"))[1]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", list(range(1, 31))),
        ("start=35", [36, 37, 38, 39, 40]),
        ("start=38&limit=1", [39]),
        ("start=100", []),
        ("limit=2&orderBy=id&orderByDir=DESC", [40, 39]),
        ("where[0][col]=id&where[0][expr]=eq&where[0][val]=7", [7]),
        ("where[0][col]=id&where[0][expr]=gt&where[0][val]=38", [39, 40]),
        ("where[0][col]=name&where[0][expr]=like&where[0][val]=mail+7%25", [7]),
        ("where[0][col]=description&where[0][expr]=like&where[0][val]=%25v1%25&limit=2", [2, 4]),
        ("search=%5B%5Bprod/&limit=2", [1, 2]),
        ("search=mail+40", [40]),
        ("search=pmctl:v1", []),
        ('search="pmctl:v1 x"&limit=2', [2, 4]),
        ("search=ids:3,5", [3, 5]),
    ],
)
def test_a_query_selects(query, expected):
    assert ids(query) == expected


def test_limit_0_gives_all_and_the_total_is_that_of_all():
    assert len(ids("limit=0")) == 40
    assert select(ROWS, parse("limit=3"), ("name",))[0] == 40


@pytest.mark.parametrize(
    "query",
    [
        "orderBy=nonsense",
        "where[0][col]=nonsense&where[0][expr]=eq&where[0][val]=1",
        "where[0][col]=id&where[0][expr]=in&where[0][val][]=1&where[0][val][]=2",
    ],
)
def test_what_breaks_mautic_is_a_500(query):
    with pytest.raises(RefusalError) as caught:
        ids(query)

    assert caught.value.answer.status == 500


@pytest.mark.parametrize(
    ("value", "expression", "wanted", "holds"),
    [
        ("9", "lt", "10", True),
        ("b", "lt", "A", False),
        ("Ann", "eq", "ann", True),
        (None, "eq", "", False),
        (None, "neq", "x", False),
        (None, "isNull", "", True),
        ("x", "isNotNull", "", True),
        ("x", "no-such-expression", "y", True),
        ("2026-11-23 00:00:00", "gte", "2026-11-22 23:10:00", True),
    ],
)
def test_values_compare_as_in_mysql(value, expression, wanted, holds):
    assert compare(value, Where("a", expression, wanted)) is holds


def test_like_takes_brackets_and_new_lines_as_they_are():
    assert like("a\n[b] c", "%[B]%")
    assert not like("abc", "a_")


def test_the_query_is_read_as_php_reads_it():
    query = parse("where[0][col]=id&where[0][val][]=1&where[0][val][]=2&a=1&b[x][y]=z")

    assert wheres(query) == [Where("id", "eq", {"0": "1", "1": "2"})]
    assert (query["a"], query["b"]) == ("1", {"x": {"y": "z"}})
