"""The canvas of a campaign: the only source of its tree, and where temporary ids become real."""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]
ROOT = "null"
SOURCES = ("lists", "forms")


def connect(events: dict[str, Event], canvas: dict[str, Any]) -> None:
    """Set parent, decision path and order of the events of a request from the connections.

    `events` is keyed by the ids of the request. The last connection into an event wins; a parent
    that is no event of the request is none. As CampaignModel::setEvents of Mautic 5.1.1.
    """
    incoming: dict[str, tuple[str, str | None]] = {}
    for connection in canvas.get("connections") or []:
        source, target = str(connection["sourceId"]), str(connection["targetId"])
        if source not in SOURCES:
            incoming[target] = (source, _anchors(connection).get("source"))
    above: dict[str, str] = {}
    for key, event in events.items():
        source, anchor = incoming.get(key, (ROOT, None))
        event["decisionPath"] = anchor if anchor in {"yes", "no"} else None
        parent = events.get(source)
        event["parentId"] = None if parent is None else parent["id"]
        above[key] = source
    _order(above, events, ROOT, 1)


def _order(above: dict[str, str], events: dict[str, Event], root: str, order: int) -> None:
    """Number the events by their depth, as Mautic does, with its slip.

    The last event that is left gets the next number whether it belongs there or not, and a
    campaign of one event keeps the number it was sent with. Events of a cycle get none.
    """
    if list(above.values()) == [ROOT]:
        return
    alone = len(above) == 1
    left = dict(above)
    for key, parent in above.items():
        if parent == root or alone:
            events[key]["order"] = order
            del left[key]
            if left:
                _order(left, events, key, order + 1)


def is_cycle(events: dict[str, Event]) -> bool:
    """Tell whether no event is a root: nothing would ever run."""
    return bool(events) and all(event["parentId"] is not None for event in events.values())


def settled(canvas: dict[str, Any], real: dict[str, int]) -> dict[str, Any]:
    """Return the canvas as it is stored: ids that hold `new` replaced by those of `real`.

    An id with `new` that is not in `real` becomes the empty string; others stay as they are.
    """

    def settle(key: Any) -> Any:
        if not isinstance(key, str) or "new" not in key:
            return key
        return str(real.get(key, ""))

    nodes = [{**node, "id": settle(node["id"])} for node in canvas.get("nodes") or []]
    connections = [
        {
            **connection,
            "sourceId": settle(connection["sourceId"]),
            "targetId": settle(connection["targetId"]),
            "anchors": _anchors(connection) or [],
        }
        for connection in canvas.get("connections") or []
    ]
    known = {"nodes": nodes, "connections": connections}
    return {**{name: known.get(name, value) for name, value in canvas.items()}, **known}


def _anchors(connection: dict[str, Any]) -> dict[str, str]:
    """Return the anchors by name; the old form was a list of the two end points."""
    given = connection.get("anchors")
    if isinstance(given, dict):
        return given
    names = ("source", "target")
    return {name: end["endpoint"] for name, end in zip(names, given or [], strict=False)}
