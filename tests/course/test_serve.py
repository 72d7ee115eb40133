"""A recipe is exported whole, and a real server answers for it as TensorFlow Serving would."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from coffee_shop.churn import CATEGORICAL, NUMERIC, load_churn
from coffee_shop.recipe import make_pipeline
from coffee_shop.serve.__main__ import main
from coffee_shop.serve.export import export_for_serving
from coffee_shop.serve.requests import RequestError
from coffee_shop.serve.versions import ServedModel

PREDICT = "/v1/models/churn:predict"


@pytest.fixture(scope="module")
def customers():
    """Training data, and rows of which some hold what training never saw."""
    X, rows, y, _ = load_churn(700, test_size=60)
    rows = rows.reset_index(drop=True)
    rows.loc[0, "Contract"] = "Ten years"
    rows.loc[1, ["Partner", "gender"]] = ""
    rows.loc[2, "PaymentMethod"] = "Kaffeebohnen ☕ \ud800"  # JSON allows half a character
    rows.loc[3, NUMERIC] = [0, 1e9, -1]
    return X, y, rows


@pytest.fixture(scope="module")
def pipelines(customers):
    X, y, _ = customers
    return [make_pipeline(epochs=2, num_neurons=8, random_state=seed).fit(X, y) for seed in (0, 1)]


@pytest.fixture(scope="module")
def folder(pipelines, tmp_path_factory):
    """A model's folder with versions 9 and 10, so that text would sort them the other way."""
    folder = tmp_path_factory.mktemp("models") / "churn"
    for version, pipeline in zip((9, 10), pipelines, strict=True):
        export_for_serving(pipeline, folder, version)
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """The address of a real server, in a process of its own."""
    command = [sys.executable, "-m", "coffee_shop.serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().split()[-1]
        process.send_signal(signal.SIGINT)
        assert process.wait(240) == 0


def ask(url, request=None):
    """Return status and answer; a request is sent as ``curl -d`` would, without saying that it is JSON."""
    body = request if request is None or isinstance(request, bytes) else json.dumps(request).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=240) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def expected(pipeline, rows):
    return pipeline.predict_proba(rows)[:, 1]


def records(rows):
    return rows.to_dict("records")


def test_predictions_by_row_and_by_column_are_the_pipelines(server, pipelines, customers):
    rows = customers[2]
    status, answer = ask(server + PREDICT, {"instances": records(rows)})
    assert status == 200
    assert answer.keys() == {"predictions"}
    np.testing.assert_allclose(answer["predictions"], expected(pipelines[1], rows), atol=1e-6)
    by_column = ask(server + PREDICT, {"signature_name": "serving_default", "inputs": rows.to_dict("list")})
    assert by_column == (200, {"outputs": answer["predictions"]})


def test_every_version_has_its_address(server, pipelines, customers):
    rows = customers[2]
    for version, pipeline in zip((9, 10), pipelines, strict=True):
        url = f"{server}/v1/models/churn/versions/{version}:predict"
        status, answer = ask(url, {"instances": records(rows)})
        assert status == 200
        np.testing.assert_allclose(answer["predictions"], expected(pipeline, rows), atol=1e-6)


def test_many_at_once_get_each_their_own_answer(server, pipelines, customers):
    rows = customers[2]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda row: ask(server + PREDICT, {"instances": [row]}), records(rows)))
    assert {status for status, _ in answers} == {200}
    found = [answer["predictions"][0] for _, answer in answers]
    np.testing.assert_allclose(found, expected(pipelines[1], rows), atol=1e-6)


def test_status_metadata_and_health(server):
    ok = {"error_code": "OK", "error_message": ""}
    nine, ten = ({"version": number, "state": "AVAILABLE", "status": ok} for number in ("9", "10"))
    assert ask(f"{server}/v1/models/churn") == (200, {"model_version_status": [ten, nine]})
    assert ask(f"{server}/v1/models/churn/versions/9") == (200, {"model_version_status": [nine]})
    status, metadata = ask(f"{server}/v1/models/churn/metadata")
    assert (status, metadata["model_spec"]["version"]) == (200, "10")
    inputs = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
    assert {name for name, spec in inputs.items() if spec["dtype"] == "DT_FLOAT"} == set(NUMERIC)
    assert {name for name, spec in inputs.items() if spec["dtype"] == "DT_STRING"} == set(CATEGORICAL)
    assert ask(f"{server}/v1/models/churn/versions/9/metadata")[1]["model_spec"]["version"] == "9"
    assert ask(f"{server}/health") == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/models/tea:predict", "Latest(tea)"),
        ("/v1/models/churn/versions/7:predict", "Specific(churn, 7)"),
        ("/v1/models/churn/versions/first:predict", "Malformed request: POST"),
        ("/v1/models/churn", "Malformed request: POST"),
    ],
)
def test_nobody_to_ask(server, path, message):
    status, answer = ask(server + path, {"instances": [{}]})
    assert status in (404, 405)
    assert message in answer["error"]


def test_status_of_no_version(server):
    assert ask(f"{server}/v1/models/churn/versions/7") == (404, {"error": "Could not find version 7 of model churn"})


def test_one_row_too_many_is_too_many(server):
    status, answer = ask(server + PREDICT, b" " * (17 * 2**20))
    assert status == 413
    assert "larger than" in answer["error"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tenure": "twelve"}, "instances[1], column 'tenure': expected a number, got \"twelve\""),
        ({"tenure": None}, "instances[1], column 'tenure': expected a number, got null"),
        ({"tenure": True}, "instances[1], column 'tenure': expected a number, got true"),
        ({"tenure": float("nan")}, "instances[1], column 'tenure': expected a number, got NaN"),
        ({"tenure": 10**400}, "instances[1], column 'tenure': expected a number, got 1000"),
        ({"TotalCharges": " "}, "instances[1], column 'TotalCharges': expected a number, got \" \""),
        ({"SeniorCitizen": 0}, "instances[1], column 'SeniorCitizen': expected a text, got 0"),
        ({"Contract": ["One year"]}, "instances[1], column 'Contract': expected a text, got a list"),
        ({"Tenure": 12}, "instances[1]: the model knows no column \"Tenure\"; is it 'tenure'?"),
        ({"Churn": 1}, 'instances[1]: the model knows no column "Churn"'),
    ],
)
def test_a_wrong_value_is_named_by_row_and_column(server, customers, change, message):
    rows = records(customers[2].head(3))
    rows[1] |= change
    status, answer = ask(server + PREDICT, {"instances": rows})
    assert status == 400
    assert answer["error"].startswith(message)
    by_column = {name: [row.get(name, rows[1][name]) for row in rows] for name in rows[1]}
    status, answer = ask(server + PREDICT, {"inputs": by_column})
    assert status == 400
    assert re.match(r"inputs(: the model|, column '\w+', row 1: expected)", answer["error"])


def test_a_missing_column_is_named(server, customers):
    rows = records(customers[2].head(2))
    del rows[1]["tenure"], rows[1]["Contract"]
    assert ask(server + PREDICT, {"instances": rows}) == (400, {"error": "instances[1]: missing 'Contract', 'tenure'"})


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (b"", "no JSON"),
        (b'{"instances": [', "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        ([], "either 'instances' (rows) or 'inputs' (columns)"),
        ({}, "either 'instances' (rows) or 'inputs' (columns)"),
        ({"instances": [], "inputs": {}}, "either 'instances' (rows) or 'inputs' (columns)"),
        ({"instances": []}, "a list of at least one row, got an empty list"),
        ({"instances": {"tenure": 1}}, "a list of at least one row, got an object"),
        ({"instances": [[1, 2]]}, "instances[0] has to be an object with a value a column, got a list"),
        ({"inputs": [1, 2]}, "an object with a list a column, got a list"),
        ({"signature_name": "sing", "instances": []}, 'Serving signature name: "sing" not found'),
    ],
)
def test_what_is_no_request_is_told_so(server, request_, message):
    status, answer = ask(server + PREDICT, request_)
    assert status == 400
    assert message in answer["error"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tenure": 12}, "inputs, column 'tenure': expected a list with values, got 12"),
        ({"tenure": []}, "inputs, column 'tenure': expected a list with values, got an empty list"),
        ({"tenure": [12]}, "inputs: expected columns of one length"),
    ],
)
def test_columns_that_are_no_columns(server, customers, change, message):
    columns = customers[2].head(2).to_dict("list") | change
    status, answer = ask(server + PREDICT, {"inputs": columns})
    assert status == 400
    assert answer["error"].startswith(message)


def wait_for_status(url, status):
    for _ in range(3000):
        if ask(url)[0] == status:
            return
        time.sleep(0.1)
    pytest.fail(f"{url} has not answered {status} within five minutes")


def test_a_version_is_rolled_out_and_back_while_the_server_runs(server, folder, customers):
    request = {"instances": records(customers[2].head(1))}
    before = ask(server + PREDICT, request)
    # As a careful cook would: what a server sees appear is whole.
    shutil.copytree(folder / "9", folder / "copy")
    (folder / "copy").rename(folder / "11")
    try:
        wait_for_status(f"{server}/v1/models/churn/versions/11", 200)
        assert ask(server + PREDICT, request) == ask(f"{server}/v1/models/churn/versions/9:predict", request) != before
    finally:
        shutil.rmtree(folder / "11")
    wait_for_status(f"{server}/v1/models/churn/versions/11", 404)
    assert ask(server + PREDICT, request) == before


def test_a_session_as_tensorflow_serving_opens_it_gives_the_same(folder, pipelines, customers):
    rows = customers[2].drop(index=2)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(folder / "10"))
        signature = graph.signature_def["serving_default"]
        feed = {spec.name: rows[name].tolist() for name, spec in signature.inputs.items()}
        found = session.run(signature.outputs["churn"].name, feed)
    np.testing.assert_allclose(found, expected(pipelines[1], rows), atol=1e-6)


def test_a_damaged_version_is_reported_and_takes_no_other_down(folder, tmp_path):
    model = tmp_path / "churn"
    shutil.copytree(folder / "9", model / "1")
    shutil.copytree(folder / "9", model / "2")
    (model / "2" / "variables" / "variables.index").unlink()
    (model / "notes").mkdir()
    served = ServedModel(model)
    assert served.newest() == 1
    two, one = served.status()["model_version_status"]
    assert (one["version"], one["state"]) == ("1", "AVAILABLE")
    assert (two["version"], two["state"]) == ("2", "END")
    assert str(model / "2") in two["status"]["error_message"]
    assert served.refresh() == []
    shutil.copy(folder / "9" / "variables" / "variables.index", model / "2" / "variables")
    assert served.refresh() == ["version 2 is loaded"]
    assert served.newest() == 2
    shutil.rmtree(model / "1")
    shutil.rmtree(model / "2")
    assert served.refresh() == ["version 1 is gone", "version 2 is gone"]
    with pytest.raises(RequestError, match=r"Latest\(churn\)"):
        served.version()
    with pytest.raises(RequestError, match="any versions"):
        served.status()


@pytest.mark.parametrize("damage", ["no versions", "empty version", "no model", "other model"])
def test_a_folder_that_cannot_be_served_is_named(folder, pipelines, tmp_path, damage):
    version = tmp_path / "churn" / "1"
    version.parent.mkdir()
    if damage == "empty version":
        version.mkdir()
    if damage == "no model":
        shutil.copytree(folder / "9", version)
        (version / "saved_model.pb").write_bytes(b"coffee")
    if damage == "other model":
        pipelines[0]["clf"].model_.export(version, verbose=False)
    with pytest.raises(SystemExit, match=re.escape(str(version.parent))) as stopped:
        main([str(version.parent), "--port", "0"])
    assert ("no column of numbers or texts" in str(stopped.value)) == (damage == "other model")


def test_wrong_commands_are_told_so(folder, capsys):
    with pytest.raises(SystemExit):
        main([str(folder / "nowhere")])
    assert "nowhere is no folder" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit, match="in use"):
        main([str(folder), "--port", str(taken.getsockname()[1])])
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--port" in capsys.readouterr().out


def test_a_version_is_never_overwritten_and_nothing_is_left_half_written(folder, pipelines):
    with pytest.raises(FileExistsError, match="never changed"):
        export_for_serving(pipelines[0], folder, 9)
    assert sorted(path.name for path in folder.iterdir()) == ["10", "9"]


@pytest.mark.parametrize("version", [0, -1, "1", 1.0])
def test_a_version_is_a_positive_whole_number(pipelines, tmp_path, version):
    with pytest.raises(ValueError, match="whole number from 1 up"):
        export_for_serving(pipelines[0], tmp_path, version)


def test_only_what_was_fitted_and_is_understood_is_exported(pipelines, customers, tmp_path):
    X, y, _ = customers
    with pytest.raises(NotFittedError):
        export_for_serving(clone(pipelines[0]), tmp_path, 1)
    for step, error in [(MinMaxScaler(), TypeError), (OneHotEncoder(drop="first"), ValueError)]:
        columns = NUMERIC if error is TypeError else CATEGORICAL
        other = clone(pipelines[0]).set_params(prep=ColumnTransformer([("step", step, columns)])).fit(X, y)
        with pytest.raises(error, match="graph"):
            export_for_serving(other, tmp_path, 1)
    assert list(tmp_path.iterdir()) == []
