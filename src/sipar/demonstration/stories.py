"""The living cases: what every role of the demonstration finds on its desk today."""

from __future__ import annotations

from sipar.demonstration.ground import Ground
from sipar.demonstration.stories_help import tell_help
from sipar.demonstration.stories_nation import tell_national
from sipar.demonstration.stories_power import tell_power
from sipar.demonstration.telling import Teller
from sipar.obligations.scan import scan


def tell(ground: Ground) -> None:
    """Tell all stories, then look at the clocks once, as the worker does every minute. Called outside `acting`."""
    teller = Teller(ground)
    ransomware = tell_power(teller)
    tell_national(teller)
    tell_help(teller, ransomware)
    scan(now=ground.now)
