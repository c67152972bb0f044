"""Advice: which recommender to use on these data, and why."""

from graphrec.advising.advice import Advice, advise, choose
from graphrec.advising.looking import Look, look

__all__ = ["Advice", "Look", "advise", "choose", "look"]
