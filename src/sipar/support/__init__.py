"""Help that arrives: requests, dispatch, effort, and what was learnt."""
