"""RecBole (recbole.io): a variational autoencoder, NeuMF, two towers, SASRec, SimpleX and SLIM, each with the package's
own trainer.

RecBole 1.2.1 asks NumPy for names that NumPy 2 has dropped; they are given back before it is imported. Its LightGCN
and NGCF can't be run beside a current SciPy: they call a private method that is gone. RecTools isn't here at all: it
asks for NumPy below 2 and pandas below 3.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphrec.models.training_part import in_order
from graphrec.snapshot import Snapshot
from peers.base import Choice, Ints, Real, Space, Whole, best_unseen
from peers.clock import stopped_at

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
    "recbole-sasrec": "SASRec",
    "recbole-dssm": "DSSM",
}
SAMPLED = ("NeuMF", "DSSM", "SimpleX")
"""Those that learn from likes and drawn others."""

DRAWN = {"distribution": "uniform", "sample_num": 1, "alpha": 1.0, "dynamic": False, "candidate_num": 0}
"""RecBole's own default of how others are drawn; for DSSM it draws none unless told, and asks for ratings instead."""

PAIRWISE = ("NeuMF", "DSSM")
"""Those that RecBole lets score pairs alone."""

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
    "recbole-sasrec": {
        "hidden_dropout_prob": Real(0.1, 0.6),
        "attn_dropout_prob": Real(0.1, 0.6),
        "learning_rate": Real(0.0005, 0.005, log=True),
        "epochs": Whole(3, 30, log=True),
    },
    "recbole-dssm": {
        "embedding_size": Choice((10, 32, 64)),
        "dropout_prob": Real(0, 0.5),
        "learning_rate": Real(0.0003, 0.01, log=True),
        "epochs": Whole(5, 100, log=True),
    },
    "recbole-slim": {"alpha": Real(0.02, 2, log=True), "l1_ratio": Real(0.005, 0.5, log=True)},
}
EPOCHS = {
    "recbole-multivae": 300,
    "recbole-neumf": 50,
    "recbole-simplex": 50,
    "recbole-slim": 1,
    "recbole-sasrec": 30,
    "recbole-dssm": 50,
}
"""RecBole's own default is 300, ended early on a validation part that it isn't given here."""

BLOCK = 512
"""Users ranked at a time."""

FEW = 16
"""Users ranked at a time where each of their items is a pair to be scored."""


class RecBole:
    """A model of RecBole over a file of interactions in its own format."""

    def __init__(self, name: str) -> None:
        self.name = name
        logging.disable(logging.WARNING)

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        self.matrix, self.tags, self.histories = snapshot.matrix, snapshot.tags, in_order(snapshot)
        with (
            tempfile.TemporaryDirectory(prefix="graphrec-recbole-") as folder,
            contextlib.chdir(folder),  # the package writes logs to where it runs
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            return self._fit(Path(folder), {"epochs": EPOCHS[self.name], **settings}, until)

    def _fit(self, folder: Path, settings: Mapping[str, Any], until: float) -> str:
        name = MODELS[self.name]
        _write(folder / "part" / "part.inter", self.histories)
        columns: dict[str, list[str]] = {"inter": ["user_id", "item_id"]}
        if name == "SASRec":
            columns["inter"].append("timestamp")
        if name == "DSSM":
            columns["item"] = ["item_id", "tags"]
            _write_tags(folder / "part" / "part.item", self.tags)
        config = Config(
            model=name,
            dataset="part",
            config_dict={
                "data_path": str(folder),
                "checkpoint_dir": str(folder / "saved"),
                "load_col": columns,
                "eval_args": {
                    "split": {"RS": [1, 0, 0]},
                    "order": "TO" if name == "SASRec" else "RO",
                    "group_by": None,
                    "mode": "full",
                },
                "use_gpu": False,
                "state": "ERROR",
                "show_progress": False,
                "train_neg_sample_args": DRAWN if name in SAMPLED else None,
                **({"metrics": ["Recall"], "valid_metric": "Recall@10"} if name == "DSSM" else {}),
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
        train_epoch, begun = trainer._train_epoch, []

        def counted(data: Any, epoch: int, *rest: Any, **more: Any) -> Any:
            begun.append(epoch)
            return train_epoch(data, epoch, *rest, **more)

        trainer._train_epoch = counted
        try:
            with stopped_at(until):
                trainer.fit(loader, None, verbose=False, saved=False, show_progress=False)
        except TimeoutError:
            return f"cut off in epoch {len(begun)} of {settings['epochs']}"
        finally:
            self.model.eval()
        return ""

    def recommend(self, users: Ints, k: int) -> Ints:
        """RecBole numbers users and items anew, from 1."""
        known = np.flatnonzero(np.diff(self.matrix.indptr)[users])
        items = np.array(self.data.field2id_token["item_id"][1:].astype(np.int64))
        found = np.full((len(users), k), -1)
        size = FEW if MODELS[self.name] in PAIRWISE else BLOCK
        for start in range(0, len(known), size):
            block = known[start : start + size]
            with torch.no_grad():
                scores = self._scores(users[block])
            ours = np.full((len(block), self.matrix.shape[1]), -np.inf, dtype=np.float32)
            ours[:, items] = np.asarray(scores, dtype=np.float32).reshape(len(block), -1)[:, 1:]
            best = best_unseen(ours, self.matrix[users[block]], k)
            found[block, : best.shape[1]] = best
        return found

    def _scores(self, users: Ints) -> Any:
        """Users × RecBole's items."""
        theirs = torch.as_tensor(self.data.token2id("user_id", users.astype(str)))
        if MODELS[self.name] in PAIRWISE:
            n_items = self.data.item_num
            pairs = {"user_id": theirs.repeat_interleave(n_items), "item_id": torch.arange(n_items).repeat(len(theirs))}
            return self.model.predict(self.data.join(Interaction(pairs)))
        if MODELS[self.name] == "SASRec":
            return self.model.full_sort_predict(Interaction(self._latest(users)))
        return self.model.full_sort_predict(Interaction({"user_id": theirs}))

    def _latest(self, users: Ints) -> dict[str, torch.Tensor]:
        """What each user liked last, the oldest first, filled up with zeros."""
        width = self.model.max_seq_length
        table, lengths = torch.zeros((len(users), width), dtype=torch.long), []
        for n, user in enumerate(users.tolist()):
            last = self.data.token2id("item_id", self.histories[user][-width:].astype(str))
            table[n, : len(last)] = torch.as_tensor(last)
            lengths.append(len(last))
        return {self.model.ITEM_SEQ: table, self.model.ITEM_SEQ_LEN: torch.as_tensor(lengths)}


def _write(path: Path, histories: Any) -> None:
    """Pairs, with the place in its user's order as the time."""
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        file.write("user_id:token\titem_id:token\ttimestamp:float\n")
        for user, items in enumerate(histories):
            file.writelines(f"{user}\t{item}\t{place}\n" for place, item in enumerate(items.tolist()))


def _write_tags(path: Path, tags: Any) -> None:
    """Items with their tags."""
    with path.open("w", encoding="utf-8") as file:
        file.write("item_id:token\ttags:token_seq\n")
        for item in range(tags.shape[0]):
            own = tags.indices[tags.indptr[item] : tags.indptr[item + 1]]
            file.write(f"{item}\t{' '.join(map(str, own.tolist()))}\n")
