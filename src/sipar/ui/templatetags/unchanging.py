"""Parts of a page that never change, rendered once: what a framework version says is the same for everybody, always."""

from __future__ import annotations

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()
MOST = 20_000


class UnchangingNode(template.Node):
    """Keeps what it rendered, by language and key. Two threads that meet render the same text twice, no more."""

    def __init__(self, block: NodeList, key: list[FilterExpression], values: dict[str, FilterExpression]) -> None:
        self.block, self.key, self.values = block, key, values
        self.rendered: dict[tuple[object, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        key = (get_language(), *(part.resolve(context) for part in self.key))
        done = self.rendered.get(key)
        if done is not None:
            return done
        # A context of its own: the block cannot show anything but what it was given, so nothing of one reader's page
        # can come up on another's.
        own = context.new({name: value.resolve(context) for name, value in self.values.items()})
        done = SafeString(self.block.render(own))
        if len(self.rendered) >= MOST:
            self.rendered.clear()
        self.rendered[key] = done
        return done


@register.tag
def unchanging(parser: Parser, token: Token) -> UnchangingNode:
    """`{% unchanging KEY... with NAME=VALUE... %}...{% endunchanging %}`: rendered once for each key and language.

    The key must determine the values; the block sees these values and nothing else of the page.
    """
    words = token.split_contents()[1:]
    place = words.index("with") if "with" in words else len(words)
    if not place:
        raise template.TemplateSyntaxError("unchanging needs a key that determines its values")
    key = [parser.compile_filter(word) for word in words[:place]]
    values = token_kwargs(words[place + 1 :], parser)
    block = parser.parse(("endunchanging",))
    parser.delete_first_token()
    return UnchangingNode(block, key, values)
