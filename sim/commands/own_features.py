# SPDX-License-Identifier: MIT
"""What `engram bank --features` is asked for: its options, checked, and the bank that they make."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.data.bank_file import BankFile
from sim.data.binarize import (
    binarize,
    constant_bits,
    encode_binarizer,
    fit_binarizer,
    read_binarizer,
)
from sim.data.feature_binarizer import BinarizerSpec, FeatureBinarizer
from sim.data.features import FeatureSet, open_features
from sim.data.tasks import class_order
from sim.work.errors import UserError
from sim.work.files import read_bytes
from sim.work.refusals import check_target, real_path

__all__ = ["FeatureBank", "PreparedBank"]


@dataclass(frozen=True, kw_only=True)
class PreparedBank:
    """Features and the binarizer that codes them.

    Parameters
    ----------
    features : FeatureSet
    binarizer : FeatureBinarizer
    content : bytes
        Its file.
    path : Path or None
        Where the file is to be written; None if it is there already.
    """

    features: FeatureSet
    binarizer: FeatureBinarizer
    content: bytes
    path: Path | None

    @property
    def samples(self) -> int:
        """Number of training and test samples."""
        return len(self.features.train.rows) + len(self.features.test.rows)

    @property
    def new_files(self) -> dict[Path, bytes]:
        """Files to write beside the bank."""
        return {} if self.path is None else {self.path: self.content}

    def bank(self, advance: Callable[[int], object]) -> BankFile:
        """Return the bank; `advance` is that of `sim.data.binarize.binarize`."""
        digest = hashlib.sha256(self.content).hexdigest()
        return binarize(self.features, self.binarizer, digest, advance)

    def lines(self, bank: BankFile) -> list[str]:
        """Return what a user should know of the bank: where the binarizer is, and bits without use.

        Parameters
        ----------
        bank : BankFile
            The bank that came out.
        """
        lines = []
        if self.path is not None:
            lines.append(f"Binarizer: {self.path}, for --binarizer")
        if constant := constant_bits(bank):
            lines.append(
                f"Warning: {constant} of {bank.features} bits are the same in all training samples "
                "and tell nothing. Where most values of a feature are equal, such as the zeros "
                "behind a ReLU, take the values before it, or --binarize projection:N."
            )
        return lines


@dataclass(frozen=True, kw_only=True)
class FeatureBank:
    """Options of ``engram bank --features``.

    Parameters
    ----------
    features, out : Path
    labels, test_features, test_labels, names, binarizer : Path or None
    code : str or None
        That of ``--binarize``.
    base, order : int or None
    """

    features: Path
    labels: Path | None
    test_features: Path | None
    test_labels: Path | None
    names: Path | None
    code: str | None
    base: int | None
    order: int | None
    binarizer: Path | None
    out: Path

    def prepare(self) -> PreparedBank:
        """Open the data, and fit the binarizer or read it.

        Raises
        ------
        UserError
            If options do not fit together, or a file is at fault.
        """
        spec = self._spec()
        if self.labels is None:
            raise UserError("--features needs --labels, the class of each sample")
        if (self.test_features is None) != (self.test_labels is None):
            raise UserError("--test-features and --test-labels must be given both, or neither")
        path = None if spec is None else self.out.parent / f"{self.out.stem}.binarizer.npz"
        self._check_outputs(path)
        data = open_features(
            self.features, self.labels, self.test_features, self.test_labels, self.names
        )
        if spec is None:
            assert self.binarizer is not None
            binarizer, content = read_binarizer(self.binarizer), read_bytes(self.binarizer)
            if binarizer.n_features != data.train.n_features:
                raise UserError(
                    f"{self.binarizer} must be for the {data.train.n_features} features a sample "
                    f"of {self.features}, not for {binarizer.n_features}"
                )
        else:
            base = self.base or 0
            if base > data.n_classes:
                raise UserError(f"--base must be at most the {data.n_classes} classes, not {base}")
            order = class_order(data.n_classes, "identity" if self.order is None else self.order)
            binarizer = fit_binarizer(spec, data, order[:base])
            content = encode_binarizer(binarizer)
        return PreparedBank(features=data, binarizer=binarizer, content=content, path=path)

    def _spec(self) -> BinarizerSpec | None:
        """Return the binarizer to fit; None if one is to be read."""
        if (self.code is None) == (self.binarizer is None):
            raise UserError(
                "--features needs either --binarize, a binarizer to fit, or --binarizer, the file "
                "of one"
            )
        if self.code is None:
            if self.base is not None or self.order is not None:
                raise UserError(
                    "--base and --order must be left out with --binarizer: it is fitted"
                )
            return None
        try:
            spec = BinarizerSpec.parse(self.code)
        except ValueError as error:
            raise UserError(f"--binarize {error}") from error
        if not spec.fitted and (self.base is not None or self.order is not None):
            raise UserError(f"--base and --order must be left out with {spec}: it is not fitted")
        if spec.fitted and self.base is None:
            raise UserError(
                f"--binarize {spec} needs --base N: its thresholds come from the training samples "
                "of the first N classes alone, so that no later class has been looked at"
            )
        return spec

    def _check_outputs(self, binarizer: Path | None) -> None:
        """Refuse to write over an input, before anything is read."""
        inputs = {
            real_path(path)
            for path in (
                self.features, self.labels, self.test_features, self.test_labels, self.names,
                self.binarizer,
            )
            if path is not None
        }  # fmt: skip
        if real_path(self.out) in inputs:
            raise UserError(f"--out must not be one of the files that are read, {self.out}")
        check_target(self.out)
        if binarizer is not None:
            if real_path(binarizer) in inputs:
                raise UserError(
                    f"{binarizer}, where the binarizer of --out goes, must not be one of the files "
                    "that are read"
                )
            check_target(binarizer)
