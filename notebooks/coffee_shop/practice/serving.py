"""What lesson 09_serving asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError, URLError

from coffee_shop.checking import answered
from coffee_shop.practice import number, your_turn

_PREDICT = "/v1/models/churn:predict"


@your_turn("09_serving", "Ask for raw customers")
def check_order(order: Any, ask: Callable[..., dict]) -> str:
    """Check an order for two customers by sending it."""
    assert isinstance(order, dict), f'Expected a dict with "instances" or "inputs", found {type(order).__name__}.'
    answer = _send(ask, _PREDICT, order)
    chances = answer.get("predictions", answer.get("outputs"))
    assert chances is not None, f"Expected an answer with predictions, found {answer}."
    assert len(chances) == 2, f"Expected two customers in one order, found {len(chances)}."
    return f"Two chances in one answer: {chances[0]:.3f} and {chances[1]:.3f}."


@your_turn("09_serving", "A new version, and back")
def check_address(address: Any, ask: Callable[..., dict], request: dict) -> str:
    """Check the address at which version 1 answers, whatever else is there."""
    assert isinstance(address, str), f"Expected the address as a text, found {address!r}."
    path = "/v1/" + address.strip().partition("v1/")[2] if "v1/" in address else address.strip()
    assert path != _PREDICT, "Expected an address that names version 1, found the one that takes the highest version."
    assert ":predict" in path, f"Expected an address that ends in “:predict”, found {address!r}."
    assert "/versions/1:" in path, f"Expected an address that names version 1, found {address!r}."
    answer = _send(ask, path, request)
    return f"Version 1 by name, whatever is served besides: {answer['predictions'][0]:.3f}."


@your_turn("09_serving", "How fast")
def check_slow(slow: Any, waits: list[float]) -> str:
    """Check the 99th percentile of some waits, in milliseconds."""
    import numpy as np

    found, wanted = number(slow, "my_slow"), 1000 * float(np.percentile(waits, 99))
    near = sorted(1000 * wait for wait in waits)[int(0.98 * len(waits)) :]
    told = f"found {found:.4g}"
    assert not np.isclose(found, wanted / 1000, rtol=0.01), f"Expected milliseconds, {told}, which is in seconds."
    assert near[0] <= found <= near[-1], (
        f"Expected about {wanted:.2f} ms, the wait that one in a hundred exceeds, {told}."
    )
    return f"One guest in a hundred waits longer than {found:.1f} ms."


@your_turn("09_serving", "Drift")
def check_psi(psi: Callable[[Any, Any], Any]) -> str:
    """Check a function that returns the population stability index of two arrays of shares."""
    import numpy as np

    assert callable(psi), f"Expected the function `my_psi`, found {psi!r}."
    halves, quarters = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    three, other = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.3, 0.5])
    for what, before, now, wanted in [
        ("shares that stay as they are", halves, halves, 0.0),
        ("halves that become a quarter and three", halves, quarters, 0.25 * np.log(3)),
        ("a quarter and three that become halves", quarters, halves, 0.25 * np.log(3)),
        ("0.6, 0.3, 0.1 that become 0.2, 0.3, 0.5", three, other, 0.4 * np.log(15)),
    ]:
        given = answered(psi(before.copy(), now.copy()), "my_psi")
        assert np.ndim(given) == 0, f"Expected one number, found {np.size(given)}: the parts have to be added up."
        found = number(given, "my_psi(before, now)")
        assert abs(found + wanted) > 1e-6 or wanted == 0, f"Expected {wanted:.4f} for {what}, found it below nought."
        assert abs(found - wanted) < 1e-6, f"Expected {wanted:.4f} for {what}, found {found:.4g}."
    return "Nought where nothing moves, and the same there and back."


@your_turn("09_serving", "Quantisation that pays")
def check_bytes(sizes: Any, weights: int) -> str:
    """Check how many bytes some weights take with 32 and with 8 bits each."""
    try:
        found = [number(one, "my_sizes") for one in sizes]
    except TypeError:
        raise AssertionError(f"Expected two numbers, found {sizes!r}.") from None
    assert len(found) == 2, f"Expected two numbers, with 32 bits and with 8 bits, found {len(found)}."
    told = f"found {found[0]:,.0f} and {found[1]:,.0f}"
    assert found[0] != 32 * weights, f"Expected bytes, {told}, which are bits: a byte has 8 of them."
    assert found[::-1] != [4 * weights, weights], f"Expected the number with 32 bits first, {told}."
    assert found == [4 * weights, weights], f"Expected four bytes a weight, and then one, {told}."
    return f"{found[0]:,.0f} bytes and {found[1]:,.0f}: a quarter."


@your_turn("09_serving", "ONNX")
def check_session(answers: Any, exact: Any) -> str:
    """Check the answers of an ONNX session against those of the network in Keras, shape (images, classes)."""
    import numpy as np

    given = answers[0] if isinstance(answers, (list, tuple)) and len(answers) == 1 else answers
    try:
        found = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise AssertionError(f"Expected the answers of the session, found {type(given).__name__}.") from None
    assert found.ndim == 2, f"Expected a chance for each image and digit, found an array of shape {found.shape}."
    assert len(found) == len(exact), f"Expected answers for {len(exact)} images, found {len(found)}."
    assert found.shape == exact.shape, f"Expected {exact.shape[1]} chances an image, found {found.shape[1]}."
    apart = float(np.abs(found - exact).max())
    assert apart < 1e-4, f"Expected the answers of Keras, found some that differ by {apart:.2g}: other images?"
    return f"{len(found)} images, and no chance differs by more than {apart:.0e}."


def _send(ask: Callable[..., dict], path: str, request: Any) -> dict:
    try:
        return ask(path, request)
    except HTTPError as refused:
        said = json.load(refused).get("error", "")
        raise AssertionError(f"Expected an answer, found status {refused.code}: “{said}”.") from None
    except (URLError, ConnectionError):
        raise AssertionError("Expected an open shop, found nobody: run the cells of “Open the shop” again.") from None
