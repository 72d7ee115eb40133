"""A model's folder as a server sees it: numbered SavedModels that come and go, the highest of which answers.

The rules are TensorFlow Serving's: a version that cannot be loaded is reported and takes no other down.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from coffee_shop.quiet import silent_stderr
from coffee_shop.serve.requests import NUMBER, TEXT, Kind, RequestError, columns_of, parse

with silent_stderr():  # TensorFlow greets on the error stream, whatever its log level
    import tensorflow as tf
    from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

_DEFAULT = "serving_default"
_KINDS = {tf.float32.as_datatype_enum: NUMBER, tf.string.as_datatype_enum: TEXT}


class Version:
    """One SavedModel, loaded and tried out.

    Parameters
    ----------
    folder : Path
        As `coffee_shop.serve.export.export_for_serving` writes it.

    Raises
    ------
    ValueError
        If there is no such model in the folder, whatever the damage; the message names the folder.
    """

    def __init__(self, folder: Path):
        try:
            signatures = SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0].signature_def
            self.signatures = {name: _as_dict(signature) for name, signature in signatures.items()}
            self.kinds = _kinds(signatures[_DEFAULT])
            self._model = tf.saved_model.load(str(folder))  # the variables live as long as it does
            self._predict({name: [kind.blank] for name, kind in self.kinds.items()})
        except Exception as error:  # TensorFlow raises whatever the damage provokes
            raise ValueError(f"{folder} holds no model to serve: {_first_line(error)}") from error

    def answer(self, body: bytes) -> dict[str, list[float]]:
        """Return the answer to a JSON request: ``predictions`` for rows, ``outputs`` for columns.

        Raises
        ------
        RequestError
            With status 400, if the request is wrong.
        """
        request = parse(body)
        predictions = self._predict(columns_of(request, self.kinds))
        return {"predictions" if "instances" in request else "outputs": predictions}

    def _predict(self, columns: dict[str, list]) -> list[float]:
        tensors = {name: _tensor(columns[name], kind) for name, kind in self.kinds.items()}
        (output,) = self._model.signatures[_DEFAULT](**tensors).values()
        return output.numpy().tolist()


class ServedModel:
    """All versions in a model's folder; the name of the folder is the name of the model.

    Parameters
    ----------
    folder : path

    Raises
    ------
    ValueError
        If no version in it can be loaded; the message says why.
    OSError
        If the folder cannot be read.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder).resolve()
        self.name = self.folder.name
        self.versions: dict[int, Version] = {}
        self._failed: dict[int, tuple[int, str]] = {}  # size of the folder then, and why
        self.refresh()
        if not self.versions:
            reasons = [reason for _, reason in self._failed.values()]
            raise ValueError("; ".join(reasons) or f"{self.folder} holds no version, a folder named 1, 2, ...")

    def refresh(self) -> list[str]:
        """Load the versions that have appeared, forget those that have gone; return a line for each change.

        Raises
        ------
        OSError
            If the folder cannot be read; then nothing has changed.
        """
        present = {int(path.name): path for path in self.folder.iterdir() if path.name.isdecimal() and path.is_dir()}
        kept = {number: version for number, version in self.versions.items() if number in present}
        changes = [f"version {number} is gone" for number in self.versions if number not in present]
        self._failed = {number: failure for number, failure in self._failed.items() if number in present}
        for number in sorted(present.keys() - kept.keys()):
            size = sum(file.stat().st_size for file in present[number].rglob("*"))
            if self._failed.get(number, (None,))[0] == size:
                continue  # nothing was added since
            try:
                kept[number] = Version(present[number])
                self._failed.pop(number, None)
                changes.append(f"version {number} is loaded")
            except ValueError as error:
                self._failed[number] = size, str(error)
                changes.append(str(error))
        self.versions = kept  # in one go: requests are being answered meanwhile
        return changes

    def newest(self) -> int | None:
        """Return the highest version, or None if all are gone."""
        return max(self.versions, default=None)

    def version(self, number: int | None = None) -> Version:
        """Return a version, by default the highest.

        Raises
        ------
        RequestError
            With status 404, if it is not there.
        """
        try:
            return self.versions[self.newest() if number is None else number]
        except KeyError:
            wanted = f"Latest({self.name})" if number is None else f"Specific({self.name}, {number})"
            raise RequestError(404, f"Servable not found for request: {wanted}") from None

    def status(self, number: int | None = None) -> dict[str, list[dict[str, Any]]]:
        """Return the state of one version or of all, highest first, as TensorFlow Serving words it.

        Raises
        ------
        RequestError
            With status 404, if there is no such version.
        """
        states = {version: _state(version, "AVAILABLE", "OK", "") for version in self.versions}
        states |= {version: _state(version, "END", "INTERNAL", why) for version, (_, why) in self._failed.items()}
        wanted = [version for version in sorted(states, reverse=True) if number in (None, version)]
        if not wanted:
            which = "any versions" if number is None else f"version {number}"
            raise RequestError(404, f"Could not find {which} of model {self.name}")
        return {"model_version_status": [states[version] for version in wanted]}


def _state(number: int, state: str, code: str, message: str) -> dict[str, Any]:
    return {"version": str(number), "state": state, "status": {"error_code": code, "error_message": message}}


def _kinds(signature: SignatureDef) -> dict[str, Kind]:
    for name, spec in signature.inputs.items():
        if len(spec.tensor_shape.dim) != 1 or spec.dtype not in _KINDS:
            raise ValueError(f"its input {name!r} is no column of numbers or texts")
    return {name: _KINDS[spec.dtype] for name, spec in sorted(signature.inputs.items())}


def _tensor(values: list, kind: Kind) -> tf.Tensor:
    if kind is NUMBER:
        return tf.constant(values, tf.float32)
    return tf.constant([text.encode(errors="replace") for text in values])  # JSON can hold what UTF-8 cannot


def _as_dict(signature: SignatureDef) -> dict[str, Any]:
    return MessageToDict(signature, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip()}".splitlines()[0][:200]
