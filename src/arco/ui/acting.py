"""Actions: a page says what will happen, one button does it, and pressing it twice does it once.

Law: nothing is changed by a GET. The request goes to the API with a key that the page was given, so
an answer that is lost can be asked for again. Must not know any action.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arco.ids import new_uuid7
from arco.runtime import Runtime
from arco.ui.markup import Child, Html, tag


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What a button asks of the API."""

    path: str
    body: Any
    label: str
    """What stands on the button."""
    then: str
    """The page that follows; `{name}` is a field of the answer."""
    otherwise: str = ""
    """What is said when the answer lacks that field."""


def button(action: Action, runtime: Runtime, *, back: Child) -> Html:
    """The button, the way back, and the place where the outcome is told."""
    return tag(
        "div",
        tag(
            "button",
            action.label,
            type="button",
            class_="main",
            data_act=action.path,
            data_body=msgspec.json.encode(action.body).decode(),
            data_key=new_uuid7(runtime),
            data_then=action.then,
            data_otherwise=action.otherwise,
        ),
        back,
        tag("div", id="outcome", role="status"),
        class_="buttons",
    )


__all__ = ["Action", "button"]
