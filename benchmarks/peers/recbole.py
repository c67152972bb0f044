"""RecBole (recbole.io): a variational autoencoder, NeuMF, SimpleX and SLIM, each with the package's own trainer.

RecBole 1.2.1 asks NumPy for names that NumPy 2 has dropped; they are given back before it is imported. Its LightGCN
and NGCF can't be run beside a current SciPy: they call a private method that is gone. RecTools isn't here at all: it
asks for NumPy below 2 and pandas below 3.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphrec.snapshot import Snapshot
from peers.base import Choice, Ints, Real, Space, Whole, best_unseen

for _name, _kind in (("float_", np.float64), ("complex_", np.complex128), ("unicode_", np.str_)):
    setattr(np, _name, _kind)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from recbole.config import Config
    from recbole.data import create_dataset
    from recbole.data.interaction import Interaction
    from recbole.data.utils import create_samplers, get_dataloader
    from recbole.utils import get_model, get_trainer, init_seed

MODELS = {
    "recbole-multivae": "MultiVAE",
    "recbole-neumf": "NeuMF",
    "recbole-simplex": "SimpleX",
    "recbole-slim": "SLIMElastic",
}

SPACES: Mapping[str, Space] = {
    "recbole-multivae": {
        "latent_dimension": Choice((64, 128, 256)),
        "dropout_prob": Real(0.1, 0.8),
        "anneal_cap": Real(0.05, 0.5),
        "learning_rate": Real(0.0005, 0.01, log=True),
        "epochs": Whole(20, 300, log=True),
    },
    "recbole-neumf": {
        "mf_embedding_size": Choice((16, 32, 64)),
        "mlp_embedding_size": Choice((16, 32, 64)),
        "learning_rate": Real(0.0003, 0.01, log=True),
        "epochs": Whole(5, 100, log=True),
    },
    "recbole-simplex": {
        "margin": Real(0, 0.9),
        "negative_weight": Whole(1, 100, log=True),
        "gamma": Real(0.1, 0.9),
        "learning_rate": Real(0.0005, 0.01, log=True),
        "epochs": Whole(5, 100, log=True),
    },
    "recbole-slim": {"alpha": Real(0.02, 2, log=True), "l1_ratio": Real(0.005, 0.5, log=True)},
}
EPOCHS = {"recbole-multivae": 300, "recbole-neumf": 50, "recbole-simplex": 50, "recbole-slim": 1}
"""RecBole's own default is 300, ended early on a validation part that it isn't given here."""

BLOCK = 512
"""Users ranked at a time."""


class RecBole:
    """A model of RecBole over a file of interactions in its own format."""

    def __init__(self, name: str) -> None:
        self.name = name
        logging.disable(logging.WARNING)

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        self.matrix = snapshot.matrix
        with (
            tempfile.TemporaryDirectory(prefix="graphrec-recbole-") as folder,
            contextlib.chdir(folder),  # the package writes logs to where it runs
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            return self._fit(Path(folder), {"epochs": EPOCHS[self.name], **settings}, until)

    def _fit(self, folder: Path, settings: Mapping[str, Any], until: float) -> str:
        name = MODELS[self.name]
        _write(folder / "part" / "part.inter", self.matrix)
        sampled = name in ("SimpleX", "NeuMF")
        config = Config(
            model=name,
            dataset="part",
            config_dict={
                "data_path": str(folder),
                "checkpoint_dir": str(folder / "saved"),
                "load_col": {"inter": ["user_id", "item_id"]},
                "eval_args": {"split": {"RS": [1, 0, 0]}, "order": "RO", "group_by": None, "mode": "full"},
                "use_gpu": False,
                "state": "ERROR",
                "show_progress": False,
                **({} if sampled else {"train_neg_sample_args": None}),
                **settings,
            },
        )
        init_seed(1, True)
        self.data = create_dataset(config)
        parts = self.data.build()
        sampler, _, _ = create_samplers(config, self.data, parts)
        loader = get_dataloader(config, "train")(config, parts[0], sampler, shuffle=True)
        self.model = get_model(name)(config, loader.dataset)
        trainer = get_trainer(config["MODEL_TYPE"], name)(config, self.model)
        train_epoch = trainer._train_epoch

        def in_time(data: Any, epoch: int, *rest: Any, **more: Any) -> Any:
            if time.perf_counter() > until:
                raise TimeoutError(f"cut off after {epoch} of {settings['epochs']} epochs")
            return train_epoch(data, epoch, *rest, **more)

        trainer._train_epoch = in_time
        try:
            trainer.fit(loader, None, verbose=False, saved=False, show_progress=False)
        except TimeoutError as cut:
            return str(cut)
        finally:
            self.model.eval()
        return ""

    def recommend(self, users: Ints, k: int) -> Ints:
        """RecBole numbers users and items anew, from 1."""
        known = np.flatnonzero(np.diff(self.matrix.indptr)[users])
        items = np.array(self.data.field2id_token["item_id"][1:].astype(np.int64))
        found = np.full((len(users), k), -1)
        for start in range(0, len(known), BLOCK):
            block = known[start : start + BLOCK]
            theirs = self.data.token2id("user_id", users[block].astype(str))
            with torch.no_grad():
                scores = self.model.full_sort_predict(Interaction({"user_id": torch.as_tensor(theirs)}))
            ours = np.full((len(block), self.matrix.shape[1]), -np.inf, dtype=np.float32)
            ours[:, items] = np.asarray(scores, dtype=np.float32).reshape(len(block), -1)[:, 1:]
            best = best_unseen(ours, self.matrix[users[block]], k)
            found[block, : best.shape[1]] = best
        return found


def _write(path: Path, matrix: Any) -> None:
    path.parent.mkdir(parents=True)
    users = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    with path.open("w", encoding="utf-8") as file:
        file.write("user_id:token\titem_id:token\n")
        np.savetxt(file, np.column_stack([users, matrix.indices]), fmt="%d", delimiter="\t")
