"""Train a small network on scikit-learn's digits, and report each epoch through ``track``.

Run it as a job (``%submarine run train_digits.py -- --epochs 30``) or by itself: outside a
job ``track`` does nothing.
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from submarine_ext import track

BATCH = 8


def data(seed: int) -> list[np.ndarray]:
    """Images and labels, three quarters to learn from and one quarter to be judged by."""
    images, labels = load_digits(return_X_y=True)
    return train_test_split(
        images / 16.0, labels, test_size=0.25, random_state=seed, stratify=labels
    )


def epoch(model: MLPClassifier, images: np.ndarray, labels: np.ndarray, order: np.ndarray) -> None:
    """Show every image once, in this order."""
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        model.partial_fit(images[batch], labels[batch], classes=np.arange(10))


def main() -> None:
    """Train, report, and leave the model as an artifact."""
    options = arguments()
    track.log_params(vars(options))
    random = np.random.default_rng(options.seed)
    images, judged_images, labels, judged_labels = data(options.seed)
    model = MLPClassifier((128, 64), learning_rate_init=options.lr, random_state=options.seed)

    for number in range(1, options.epochs + 1):
        epoch(model, images, labels, random.permutation(len(labels)))
        loss = log_loss(labels, model.predict_proba(images))
        accuracy = model.score(judged_images, judged_labels)
        track.log_metrics({"loss": loss, "accuracy": accuracy}, step=number)
        track.progress(number / options.epochs, f"epoch {number}/{options.epochs}")
        print(f"epoch {number}/{options.epochs}: loss {loss:.4f}, accuracy {accuracy:.4f}")

    file = Path("digits.pkl")
    file.write_bytes(pickle.dumps(model))
    track.artifact(file)
    print(f"final accuracy {accuracy:.4f}")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lr", type=float, default=0.0005, help="the learning rate")
    parser.add_argument("--epochs", type=int, default=40, help="how often to see every image")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
