"""The schema says what the parser says, as far as a schema can."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from pmctl.errors import InputProblems
from pmctl.sequence import yaml_nodes
from pmctl.sequence.model import KINDS
from pmctl.sequence.parse import parse
from pmctl.sequence.schema import schema
from tests.sequence.strategies import email, sequence, sequences, tag

TEST = {"variants": [{"id": "a", "subject": "A", "body": "x"},
                     {"id": "b", "weight": 40, "subject": "B", "body": "y"}]}  # fmt: skip
COMMITTED = Path("campaigns/sequence.schema.json")


def errors(value: Any) -> list[str]:
    return [error.message for error in checker().iter_errors(value)]


@cache
def checker() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(schema())


def test_the_schema_is_good_draft_7():
    jsonschema.Draft7Validator.check_schema(schema())


def test_the_committed_schema_is_what_the_model_says():
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == schema(), (
        "run: pmctl campaign schema > campaigns/sequence.schema.json"
    )


def test_the_schema_is_the_same_at_every_call():
    assert json.dumps(schema()) == json.dumps(schema())


def test_nothing_is_left_that_draft_7_does_not_read():
    text = json.dumps(schema())

    for word in ("$defs", "discriminator", '"oneOf"', "prefixItems", "unevaluated"):
        assert word not in text
    for part in every_mapping(schema()):
        assert "$ref" not in part or len(part) == 1


def every_mapping(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [found for item in part for found in every_mapping(item)]
    if not isinstance(part, dict):
        return []
    return [part, *(found for item in part.values() for found in every_mapping(item))]


def test_hovering_over_a_key_says_what_it_is_for():
    made = schema()
    definitions = made["definitions"]

    assert "in the contexts" in made["properties"]["environments"]["description"]
    assert made["properties"]["audience"]["description"] == definitions["Audience"]["description"]


def test_every_kind_of_step_is_told_by_its_word():
    definitions = schema()["definitions"]
    steps = [
        part["$ref"].rpartition("/")[2]
        for part in schema()["properties"]["steps"]["items"]["anyOf"]
    ]

    assert [definitions[name]["required"][0] for name in steps] == list(KINDS)
    assert all(definitions[name]["description"] for name in steps)


def test_the_campaigns_that_ship_are_good():
    for file in sorted(Path("campaigns").glob("*.yaml")):
        root = yaml_nodes.compose(file.read_text(encoding="utf-8"))
        assert errors(yaml_nodes.Builder().value(root)) == []


@given(sequences())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_the_parser_takes_the_schema_takes(said):
    assert errors(said) == []


def test_an_ab_email_and_an_overlay_of_anything_are_good():
    overlay = {"name": "N", "send": {"from": {"address": "a@b.example"}}, "limits": {}}

    assert errors(sequence({"email": "a", **TEST}, environments={"staging": overlay})) == []


def test_a_variable_is_good_wherever_it_may_stand():
    said = sequence(
        email("a", from_={"name": "${NAME}", "address": "${ADDRESS}"}),
        {"wait": "${WAIT}"},
        {"wait": {"for": "${WAIT}"}},
        tag("${TAG}"),
        name="${NAME}",
    )
    said["steps"][0]["from"] = said["steps"][0].pop("from_")

    assert errors(said) == []
    subject = schema()["definitions"]["Email"]["properties"]["subject"]
    assert subject["x-pmctl-variables"] is True


@pytest.mark.parametrize(
    "broken",
    [
        {"version": 2}, {"key": "Trial"}, {"name": ""}, {"published": "yes"}, {"reentry": "often"},
        {"audience": {}}, {"audience": {"segments": "trials"}}, {"stop_on": ["sneeze"]},
        {"steps": []}, {"steps": [{}]}, {"steps": [{"wait": "3q 4"}]}, {"steps": [{"wait": 3}]},
        {"steps": [{"say": "hi"}]}, {"steps": [email("a", subjct="x")]}, {"extra": 1},
        {"steps": [email("a", window={"from": "9", "to": "17:00"})]},
        {"steps": [email("a", body={"markdown": "x", "html": "y"})]},
        {"steps": [email("a", headers={"X Y": "z"})]}, {"steps": [{"stop": False}]},
        {"steps": [{"on": "opened", "then": [{"wait": 3}]}]}, {"steps": [{"tag": {}}]},
        {"steps": [{"email": "a", "subject": "x"}]},
        {"steps": [{"email": "a", **TEST, "body": "x"}]},
        {"steps": [{"email": "a", "variants": TEST["variants"][:1]}]},
        {"steps": [email("a", winner={})]}, {"steps": [{"email": "a", **TEST, "winner": "opens"}]},
        {"environments": {"s": {"steps": []}}}, {"environments": {"a b": {}}},
        {"environments": {"s": {"key": "other"}}}, {"environments": {"s": {"nam": "x"}}},
        {"environments": {"s": {"audience": {"segments": "x"}}}}, {"environments": []},
        {"steps": [{"if": {"tag": "x"}, "else": {"stop": True}}]}, {"send": {"from": "Ana"}},
    ],
)  # fmt: skip
def test_what_is_broken_is_told_by_the_editor_already(broken):
    said = copy.deepcopy(sequence(tag("a"))) | broken

    assert errors(said)
    with pytest.raises(InputProblems):
        parse("f.yaml", yaml.safe_dump(said))
