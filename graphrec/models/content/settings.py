"""How much each kind of content counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from graphrec.models.settings import Range, Settings, Space


@dataclass(frozen=True)
class ContentSettings(Settings):
    """Weights of tags, words of texts, topics, features (categories and numbers) and vectors; 0 leaves a kind out.

    `n_words`: how many words of a text property are known, the most frequent. `n_topics`: 0 for none.
    """

    space: ClassVar[Space] = {
        "tags": Range(0.0, 2.0),
        "text": Range(0.0, 2.0),
        "topics": Range(0.0, 2.0),
        "features": Range(0.0, 2.0),
        "vectors": Range(0.0, 2.0),
    }

    tags: float = 1.0
    text: float = 0.2
    topics: float = 0.5
    features: float = 0.5
    vectors: float = 1.0
    n_words: int = 20_000
    n_topics: int = 20
    seed: int = 42

    def __post_init__(self) -> None:
        for name in ("tags", "text", "topics", "features", "vectors", "n_topics"):
            self.at_least(name, 0)
        self.at_least("n_words", 1)
