"""The JSON schema of sequence files, for editors: draft-07, made from the model."""

from __future__ import annotations

from typing import Any

from pmctl.sequence import model, split
from pmctl.sequence.environments import SAME_EVERYWHERE
from pmctl.sequence.key_docs import key_docs, shapes

DRAFT = "http://json-schema.org/draft-07/schema#"
# What the models' validators say and pydantic cannot put into a schema.
_RULES: dict[str, dict[str, Any]] = {
    "AddRemove": {"minProperties": 1},
    "Audience": {"minProperties": 1},
    "Email": {
        "required": ["email"],
        "anyOf": [
            {"required": ["subject", "body"], "not": {"required": ["variants"]}},
            {
                "required": ["variants"],
                "not": {"anyOf": [{"required": [name]} for name in split.OWN]},
            },
        ],
        "dependencies": {"winner": ["variants"]},
    },
    "Inline": {"minProperties": 1, "maxProperties": 1},
    "WaitFor": {"minProperties": 1},
}
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
_DURATION = r"\$\{|^\s*(\d+\s*[A-Za-z]+\s*(,|and)?\s*)+$"
_PATTERNS = {"09:30": _CLOCK, "3d": _DURATION}  # by the first example of a text


def schema() -> dict[str, Any]:
    """Return the schema; the same at every call.

    `x-pmctl-variables` marks the texts in which `${NAME}` may stand.
    """
    made = model.Sequence.model_json_schema(ref_template="#/definitions/{model}")
    definitions = made.pop("$defs")
    for name, rules in _RULES.items():
        definitions[name].update(rules)
    for word, shape in model.KINDS.items():
        definitions[shape.__name__]["title"] = f"{word} step"
    definitions["Email"]["properties"]["variants"]["minItems"] = 2
    for name, shape in shapes().items():
        _describe(made if name == "Sequence" else definitions.get(name, {}), shape, definitions)
    made["properties"]["environments"] = _environments(made["properties"], definitions)
    made = _draft7({**made, "title": "A sequence", "definitions": definitions})
    return {"$schema": DRAFT, **made}


def _describe(made: dict[str, Any], shape: type[model.Shape], definitions: dict[str, Any]) -> None:
    """Say what each key is for: its own docstring, else that of the only shape it may have."""
    docs = key_docs(shape)
    for name, part in made.get("properties", {}).items():
        refs = [one["$ref"] for one in (part, *part.get("anyOf", ())) if "$ref" in one]
        whole = definitions[refs[0].rpartition("/")[2]] if len(refs) == 1 else {}
        said = docs.get(name) or whole.get("description")
        if said:
            part["description"] = said


def _environments(properties: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """What may stand in an overlay: the same keys, but nothing in it is required."""
    said = {key: value for key, value in properties.items() if key not in SAME_EVERYWHERE}
    definitions["Environment"] = {
        "type": "object",
        "description": "What is otherwise here: merged over the file; lists are replaced.",
        "additionalProperties": False,
        "properties": _partial(said, definitions),
    }
    return {
        **properties["environments"],
        "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"},
        "additionalProperties": {"$ref": "#/definitions/Environment"},
    }


def _partial(part: Any, definitions: dict[str, Any]) -> Any:
    """The same with references to definitions in which no key is required; makes those."""
    if isinstance(part, list):
        return [_partial(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    found = {}
    for key, value in part.items():
        if key != "$ref":
            found[key] = _partial(value, definitions)
            continue
        name = str(value).rpartition("/")[2]
        found[key] = f"{value}Part"
        if f"{name}Part" not in definitions:
            whole = {k: v for k, v in definitions[name].items() if k != "required"}
            definitions[f"{name}Part"] = {}  # it may refer to itself
            definitions[f"{name}Part"] = _partial(whole, definitions)
    return found


def _draft7(part: Any) -> Any:
    """The same, in what draft-07 editors read."""
    if isinstance(part, list):
        return [_draft7(item) for item in part]
    if not isinstance(part, dict):
        return part
    found: dict[str, Any] = {}
    for key, value in part.items():
        if key == "discriminator" or (key == "default" and value is None):
            continue
        if key == "oneOf":
            key = "anyOf"
        if key in ("properties", "definitions"):
            found[key] = {name: _draft7(_untitled(key, inner)) for name, inner in value.items()}
        else:
            found[key] = _draft7(value)
    if "patternProperties" in found:
        found["additionalProperties"] = False
    if found.get("examples"):
        found["pattern"] = _PATTERNS[found["examples"][0]]
    if "$ref" in found and len(found) > 1:
        # Draft-07 reads nothing beside a $ref.
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found


def _untitled(key: str, inner: dict[str, Any]) -> dict[str, Any]:
    """Properties without the titles that pydantic makes of their names."""
    if key == "definitions":
        return inner
    return {name: value for name, value in inner.items() if name != "title"}
