"""Features: what can be said of users and items by what was done, as properties of their nodes.

`write_features` works them out and writes those of the nodes where they changed. `FEATURES` describes each one.
`scaling` puts ratings of different users on one scale, and back.
"""

from graphrec.features.described import FEATURES, PREFIX, Feature
from graphrec.features.run import FeatureReport, write_features
from graphrec.features.scaling import METHODS, Scaling, fit_scaling

__all__ = [
    "FEATURES",
    "METHODS",
    "PREFIX",
    "Feature",
    "FeatureReport",
    "Scaling",
    "fit_scaling",
    "write_features",
]
