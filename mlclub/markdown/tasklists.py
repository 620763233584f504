"""`- [ ]` and `- [x]`. The well-known plugin looks back through the whole list for each item; this one does not."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_BOXES = {"[ ] ": "", "[x] ": " checked", "[X] ": " checked"}


def plugin(md: MarkdownIt) -> None:
    """Teach the parser list items that can be done, shown as checkboxes nobody can press."""
    md.core.ruler.after("inline", "tasklists", _tasks)


def _tasks(state: StateCore) -> None:
    lists: list[Token] = []
    before: list[Token] = [Token("", "", 0), Token("", "", 0)]
    for token in state.tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(token)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif (
            token.type == "inline"
            and token.children
            and before[1].type == "paragraph_open"
            and before[0].type == "list_item_open"
            and token.content[:4] in _BOXES
            and token.children[0].type == "text"
            and token.children[0].content.startswith(token.content[:3])
        ):
            done = _BOXES[token.content[:4]]
            box = Token("html_inline", "", 0)
            label = "Done" if done else "Not done"
            box.content = (
                f'<input class="task-list-item-checkbox" type="checkbox" disabled aria-label="{label}"{done}>'
            )
            token.children[0].content = token.children[0].content[3:]
            token.children.insert(0, box)
            before[0].attrs["class"] = "task-list-item"
            lists[-1].attrs["class"] = "contains-task-list"
        before = [before[1], token]
