"""Every kind of answer is asked for before anybody else asks for it: what is made at the first use is made then."""

from __future__ import annotations

from itertools import islice, product
from threading import Event

from graphrec.graph import Graph
from graphrec.recommend.base import Profile
from graphrec.recommend.registry import get
from graphrec.serving.ranking import popular, rank, similar
from graphrec.serving.state import State
from graphrec.serving.why import why
from graphrec.serving.wish import Wish

N_USERS = 20
QUERIES = ("walk", "cooccurrence")
WISHES = (Wish(), Wish(seen=True, diversity=0.5, calibration=0.5, rare=0.1, new=0.1, explore=0.1))


def warm(state: State) -> None:
    """Answer some users and one visitor, and forget what was answered."""
    users, items = list(islice(state.users.places, N_USERS)), list(islice(state.catalogue.ids.places, 1))
    for wish in WISHES:
        for user in users:
            rank(state, Profile(user), wish)
        for item in items:
            rank(state, Profile(None, {item: 1.0}), wish)
            similar(state, item, wish)
        popular(state, wish)
    for user in users[:1]:
        for item in items:
            why(state, user, item)


def warm_queries(graph: Graph, state: State, stop: Event) -> None:
    """Have Neo4j plan the queries that lists (`with=`) and people are asked for by: a plan takes longer than a request
    may wait, and one that was given up is planned again by the next. A second; ends early once `stop` is set.
    GraphrecError as the queries."""
    for user in islice(state.users.places, 1):
        graph.read("people/friends_of_friends", user_ids=[user], k=1)
        for name, with_reasons in product(QUERIES, (False, True)):
            if not stop.is_set():
                get(name, graph, with_reasons=with_reasons).recommend([Profile(user)], 1)
