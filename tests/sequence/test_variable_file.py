"""Files of values: what they may look like, and what is refused at its place."""

from __future__ import annotations

import pytest

from pmctl.errors import InputProblems
from pmctl.sequence.variable_file import read


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# nothing yet\n\n", {}),
        ("CITY: Lisbon\nDAYS: 007\nON: yes\n", {"CITY": "Lisbon", "DAYS": "007", "ON": "yes"}),
        ("CITY: 'a: b'  # there\n", {"CITY": "a: b"}),
        ('{"CITY": "Lisbon"}', {"CITY": "Lisbon"}),
        ("CITY=Lisbon\n# no\n\nexport NAME=\"Ana B\"\nX='1=2'\n",
         {"CITY": "Lisbon", "NAME": "Ana B", "X": "1=2"}),
        ("URL=https://example.com/#a\r\nEMPTY=\r\n",
         {"URL": "https://example.com/#a", "EMPTY": ""}),
        ("\ufeffCITY=Köln", {"CITY": "Köln"}),
    ],
)  # fmt: skip
def test_a_mapping_or_lines_give_their_values_as_they_are_written(
    text: str, values: dict[str, str]
) -> None:
    assert read("v", text) == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CITY: [a]\nX: {a: b}\n",
         ["1:1: the value of CITY is not a single text or number",
          "2:1: the value of X is not a single text or number"]),
        ("city: a\n", ["1:1: 'city' is no name of a variable; they are upper case, like CITY"]),
        ("PMCTL_MAUTIC_PASSWORD: x\n",
         ["1:1: PMCTL_MAUTIC_PASSWORD is one of pmctl's own; a secret has no place in a campaign"]),
        ("A=1\n  PMCTL_X=2\nb=3\nA=4\nand so on\n",
         ["2:3: PMCTL_X is one of pmctl's own; a secret has no place in a campaign",
          "3:1: 'b' is no name of a variable; they are upper case, like CITY",
          "4:1: a second A", "5:1: this is no NAME=value"]),
        ("- CITY\n", ["1:1: values are a YAML mapping, or lines of NAME=value"]),
        ("CITY: a: b\n", ["1:8: a colon where no key can be"]),
        ("A: 1\nA: 2\n", ["2:1: a second A"]),
    ],
)  # fmt: skip
def test_all_that_is_wrong_is_named_at_its_place(text: str, said: list[str]) -> None:
    with pytest.raises(InputProblems) as caught:
        read("v", text)

    assert [f"{p.line}:{p.column}: {p.message}" for p in caught.value.problems] == said
