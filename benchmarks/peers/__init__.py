"""The contenders of `models.py`: graphrec's own models, and those of other packages behind one interface."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from graphrec.recommend.fitted import FITTED
from peers.base import Peer, Space


@dataclass(frozen=True)
class Package:
    """A package, and the file here that adapts its models: `SPACES` by name, and a class."""

    name: str
    module: str
    adapter: str

    @property
    def version(self) -> str | None:
        """The version installed, if any."""
        try:
            return version(self.name)
        except PackageNotFoundError:
            return None


OURS = Package("graphrec", "peers.ours", "Ours")
_PYG = Package("torch-geometric", "peers.pyg", "PyG")
_IMPLICIT = Package("implicit", "peers.implicit", "Implicit")
_LENSKIT = Package("lenskit", "peers.lenskit", "LensKit")
_CORNAC = Package("cornac", "peers.cornac", "Cornac")
_LIGHTFM = Package("lightfm-next", "peers.lightfm", "LightFMTags")
_RECBOLE = Package("recbole", "peers.recbole", "RecBole")

OF_RATINGS = ("svd", "svdpp")
"""Those that predict ratings, which pairs alone don't have: `families.py` compares them."""

CONTENDERS: Mapping[str, Package] = {
    **dict.fromkeys((name for name in FITTED if name not in OF_RATINGS), OURS),
    "pyg-lightgcn": _PYG,
    **dict.fromkeys(("implicit-als", "implicit-bpr", "implicit-cosine", "implicit-bm25"), _IMPLICIT),
    **dict.fromkeys(("lenskit-ease", "lenskit-knn", "lenskit-user-knn", "lenskit-als"), _LENSKIT),
    **dict.fromkeys(("cornac-bpr", "cornac-vaecf", "cornac-neumf", "cornac-sasrec"), _CORNAC),
    "lightfm-tags": _LIGHTFM,
    **dict.fromkeys(("recbole-multivae", "recbole-neumf", "recbole-simplex", "recbole-slim"), _RECBOLE),
    **dict.fromkeys(("recbole-sasrec", "recbole-dssm"), _RECBOLE),
}
"""The package of each model."""


def create(name: str) -> Peer:
    """The model of that name, before it is fitted. Imports its package."""
    package = CONTENDERS[name]
    peer: Peer = getattr(importlib.import_module(package.module), package.adapter)(name)
    return peer


def space(name: str) -> Space:
    """What may be searched for the model of that name; nothing where there is nothing to set. Imports its package."""
    found: Space = importlib.import_module(CONTENDERS[name].module).SPACES.get(name, {})
    return found
