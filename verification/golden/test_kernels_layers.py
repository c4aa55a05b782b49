# SPDX-License-Identifier: MIT
"""Compiled products and networks equal the plain ones, bit for bit, however the work is divided."""

import multiprocessing
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack, unpack
from golden.conv import Conv
from golden.head import Head
from golden.kernels import head_logits, infer, xnor_gemm
from golden.kernels.infer import CHUNK
from golden.kernels.shares import run_shares, run_spans
from golden.network import Network
from golden.params import HeadParams, NetworkParams, XnorParams
from golden.xnor import Xnor


def drawn_matrix(rng, rows, n):
    return rng.integers(0, 2, (rows, n), np.uint8)


def signs(bits):
    return 2 * bits.astype(int) - 1


@given(
    rows=st.integers(0, 140),
    columns=st.integers(1, 70),
    n=st.integers(1, 800),
    threads=st.integers(1, 5),
    seed=st.integers(0, 99),
)
@settings(max_examples=120)
def test_product_is_the_integer_product_of_signs(rows, columns, n, threads, seed):
    rng = np.random.default_rng(seed)
    a, b = drawn_matrix(rng, rows, n), drawn_matrix(rng, columns, n)
    product = xnor_gemm(pack(a), pack(b), n, threads=threads)
    assert product.dtype == np.int32
    assert np.array_equal(product, signs(a) @ signs(b).T)


def test_product_equals_the_plain_one_at_every_length():
    for n in range(1, 131):
        rng = np.random.default_rng(n)
        a, b = pack(drawn_matrix(rng, 6, n)), pack(drawn_matrix(rng, 18, n))
        assert np.array_equal(xnor_gemm(a, b, n), Xnor(XnorParams(inputs=n)).dot(a, b)), n


@pytest.mark.parametrize("value", [0, 1])
def test_extreme_products_are_exact(value):
    n = 64 * 40 + 1
    ones = pack(np.ones((7, n), np.uint8))
    other = pack(np.full((17, n), value, np.uint8))
    assert (xnor_gemm(ones, other, n) == (n if value else -n)).all()


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_large_product_does_not_depend_on_threads(threads):
    rng = np.random.default_rng(1)
    a = rng.integers(0, 2**64, (1003, 20), np.uint64)
    b = rng.integers(0, 2**64, (131, 20), np.uint64)
    expected = Xnor(XnorParams(inputs=1280)).dot(a, b)
    assert np.array_equal(xnor_gemm(a, b, 1280, threads=threads), expected)


def test_matrices_need_not_be_contiguous():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 2**64, (2, 40, 6), np.uint64)
    expected = Xnor(XnorParams(inputs=192)).dot(a[::2, ::2], b[::-1, 3:])
    assert np.array_equal(xnor_gemm(a[::2, ::2], b[::-1, 3:], 192), expected)


@pytest.mark.parametrize(
    ("a", "b", "n", "threads", "kind", "message"),
    [
        (
            np.zeros((2, 2), int), np.zeros((2, 2), np.uint64), 100, None, TypeError,
            "Left matrix must be a uint64 array, not int64",
        ),
        (
            np.zeros((2, 2), np.uint64), np.zeros((2, 3), np.uint64), 100, None, ValueError,
            r"Right matrix of 100 bits must have the shape \(..., 2\), not \(2, 3\)",
        ),
        (
            np.zeros(2, np.uint64), np.zeros((2, 2), np.uint64), 100, None, ValueError,
            "Left matrix must have 2 axes, not 1",
        ),
        (
            np.zeros((2, 2), np.uint64), np.full((2, 2), 2**63, np.uint64), 100, None, ValueError,
            "Right matrix of 100 bits must have unused bits of 0, not 1",
        ),
        (
            np.zeros((2, 0), np.uint64), np.zeros((2, 0), np.uint64), 0, None, ValueError,
            "Bits of a vector must be an integer >= 1, not 0",
        ),
        (
            np.zeros((2, 2), np.uint64), np.zeros((2, 2), np.uint64), 100, 0, ValueError,
            "Threads must be an integer >= 1, not 0",
        ),
    ],
)  # fmt: skip
def test_matrices_that_do_not_fit_are_refused(a, b, n, threads, kind, message):
    with pytest.raises(kind, match=message):
        xnor_gemm(a, b, n, threads=threads)


def conv(outputs, **values):
    return {"kind": "conv", "outputs": outputs, **values}


NETWORKS = {
    "plain words": [{"kind": "thermometer", "levels": 32}, conv(64), conv(64), {"kind": "pool"}],
    "several words": [{"kind": "thermometer", "levels": 85}, conv(70), {"kind": "pool"}, conv(9)],
    "groups": [
        {"kind": "thermometer", "levels": 8},
        conv(32, groups=2, thresholds=True),
        conv(128, groups=2),
        {"kind": "pool", "size": 4},
        conv(192, groups=2, thresholds=True),
    ],
    "shuffle": [
        {"kind": "thermometer", "levels": 5},
        conv(15, groups=5, shuffle=True),
        conv(42, groups=3, shuffle=True, thresholds=True),
        {"kind": "pool", "size": 2},
        conv(70, groups=7, kernel=1, padding="valid", shuffle=True),
    ],
    "shuffle of whole words": [
        {"kind": "thermometer", "levels": 96},
        conv(64, groups=2, shuffle=True, thresholds=True),
        conv(320, groups=4, shuffle=True),
        {"kind": "pool", "size": 2},
        conv(192, groups=64, kernel=1, padding="valid", shuffle=True, thresholds=True),
        conv(40, groups=8, kernel=3, padding="valid", shuffle=True),
    ],
    "wide windows": [
        {"kind": "thermometer", "levels": 65},
        conv(330, kernel=5, thresholds=True),
        conv(96, groups=2, kernel=4, padding="valid"),
        conv(33, kernel=3, padding="valid"),
    ],
    "depthwise": [
        {"kind": "thermometer", "levels": 37},
        conv(74, groups=74, kernel=5, thresholds=True),
        conv(74, groups=74, kernel=8, padding="valid", thresholds=True),
    ],
    "depthwise without thresholds": [
        {"kind": "thermometer", "levels": 64},
        conv(128, groups=128, shuffle=True),
        conv(256, groups=128, kernel=2, padding="valid"),
    ],
    "dense": [
        {"kind": "thermometer", "levels": 3},
        conv(20, kernel=2, padding="valid"),
        {"kind": "dense", "outputs": 77, "thresholds": True},
        {"kind": "dense", "outputs": 13},
    ],
    "thermometer alone": [{"kind": "thermometer", "levels": 100}],
}


@pytest.mark.parametrize("name", NETWORKS)
def test_inference_equals_the_plain_network(name):
    params = NetworkParams.from_description(
        {
            "input": {"bits": 7, "channels": 2, "height": 8, "width": 8},
            "layers": NETWORKS[name],
        }
    )
    rng = np.random.default_rng(len(name))
    network = Network.random(params, rng)
    images = rng.integers(0, 128, (5, 8, 8, 2), np.uint8)
    expected = network.forward(images)
    assert 0 < expected.mean() < 1
    assert np.array_equal(infer(network, images), pack(expected))
    for lanes in (24, 64):
        failing = network.failing_maps(3, 2**28, lanes)
        read = failing.forward(images)
        assert np.array_equal(infer(failing, images), pack(read))
        assert (read != expected).any()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_inference_does_not_depend_on_threads_chunks_or_the_type_of_pixels(threads):
    params = NetworkParams.from_description(
        {
            "input": {"bits": 4, "channels": 1, "height": 3, "width": 5},
            "layers": [{"kind": "thermometer", "levels": 6}, conv(11), conv(7, thresholds=True)],
        }
    )
    network = Network.random(params, np.random.default_rng(5))
    images = np.random.default_rng(6).integers(0, 16, (2 * CHUNK * threads + 3, 3, 5, 1))
    expected = pack(network.forward(images))
    assert np.array_equal(infer(network, images, threads=threads), expected)
    for kind in (np.uint8, ">i4"):
        part = infer(network, images[::3].astype(kind), threads=threads)
        assert np.array_equal(part, expected[::3])
    assert infer(network, images[:0], threads=threads).shape == (0, expected.shape[1])


@pytest.mark.parametrize("polarity", [0, 1])
def test_depthwise_thresholds_out_of_reach_fire_always_or_never(polarity):
    params = NetworkParams.from_description(
        {
            "input": {"bits": 4, "channels": 1, "height": 4, "width": 4},
            "layers": [
                {"kind": "thermometer", "levels": 8},
                conv(8, groups=8, thresholds=True),
            ],
        }
    )
    network = Network.random(params, np.random.default_rng(1))
    layer = network.layers[1]
    assert isinstance(layer, Conv)
    assert layer.thresholds is not None
    assert layer.polarity is not None
    layer.thresholds[:] = [-(2**31), -10, -9, -8, 9, 10, 11, 2**31 - 1]
    layer.polarity[:] = polarity
    images = np.random.default_rng(2).integers(0, 16, (6, 4, 4, 1), np.uint8)
    assert np.array_equal(infer(network, images), pack(network.forward(images)))
    layer.thresholds[:] = [-(2**31)] * 4 + [10] * 4
    always = unpack(infer(network, images), 128).reshape(-1, 8)
    assert (always == [polarity] * 4 + [1 - polarity] * 4).all()


def test_images_that_do_not_fit_are_refused():
    params = NetworkParams.from_description(
        {
            "input": {"bits": 4, "channels": 1, "height": 3, "width": 5},
            "layers": [{"kind": "thermometer", "levels": 6}],
        }
    )
    network = Network.random(params, np.random.default_rng(5))
    with pytest.raises(ValueError, match="Images must have 4 axes, not 3"):
        infer(network, np.zeros((3, 5, 1), int))
    with pytest.raises(ValueError, match="Pixels must be in 0..15, not 16"):
        infer(network, np.full((1, 3, 5, 1), 16))
    with pytest.raises(ValueError, match="Threads must be an integer >= 1, not 0"):
        infer(network, np.zeros((1, 3, 5, 1), int), threads=0)


@pytest.mark.parametrize("hidden", [0, 1, 37, 128])
@pytest.mark.parametrize("features", [1, 64, 130])
def test_head_logits_equal_the_plain_head(hidden, features):
    params = HeadParams(features=features, classes=21, hidden=hidden)
    rng = np.random.default_rng(hidden + features)
    planes = rng.integers(0, 2, (2, 21, params.concat), np.uint8)
    head = Head(params, rng.integers(0, 2, (hidden, features), np.uint8), *planes)
    x = pack(rng.integers(0, 2, (150, features), np.uint8))
    for threads in (None, 1, 3):
        logits = head_logits(head, x, threads=threads)
        assert np.array_equal(logits, head.logits(unpack(x, features)))
    assert head_logits(head, x[:0]).shape == (0, 21)


@pytest.mark.parametrize("hidden", [0, 37])
def test_logits_of_a_head_that_reads_failing_cells_equal_the_plain_ones(hidden):
    params = NetworkParams.from_description(
        {
            "input": {"bits": 4, "channels": 1, "height": 3, "width": 5},
            "layers": [{"kind": "thermometer", "levels": 6}, conv(7, thresholds=True)],
            "head": {"classes": 5, "hidden": hidden},
        }
    )
    network = Network.random(params, np.random.default_rng(7)).failing_maps(3, 2**28, 8)
    head = network.head
    assert head is not None
    x = np.random.default_rng(8).integers(0, 2, (40, 105), np.uint8)
    logits = head.logits(x)
    assert np.array_equal(head_logits(head, pack(x)), logits)
    head.cells = None
    assert (head.logits(x) != logits).any() == (hidden > 0)


def test_head_inputs_that_do_not_fit_are_refused():
    params = HeadParams(features=65, classes=2, hidden=0)
    head = Head(params, np.zeros((0, 65), np.uint8), *np.zeros((2, 2, 65), np.uint8))
    message = r"Head inputs of 65 bits must have the shape \(..., 2\), not \(3, 1\)"
    with pytest.raises(ValueError, match=message):
        head_logits(head, np.zeros((3, 1), np.uint64))
    with pytest.raises(ValueError, match="Head inputs must have 2 axes, not 1"):
        head_logits(head, np.zeros(2, np.uint64))


@given(
    total=st.integers(0, 50),
    threads=st.integers(1, 6),
    smallest=st.integers(1, 20),
    multiple=st.integers(1, 7),
)
def test_shares_cover_the_work_once(total, threads, smallest, multiple):
    done = np.zeros(total, int)

    def work(first, last):
        assert first % multiple == 0
        done[first:last] += 1

    run_shares(work, total, threads, smallest=smallest, multiple=multiple)
    assert (done == 1).all()


def test_an_error_in_a_share_is_raised():
    def work(first, last):
        raise RuntimeError(f"share {first}")

    with pytest.raises(RuntimeError, match="share"):
        run_shares(work, 40, 3)


def test_all_spans_are_done_before_an_error_is_raised():
    done = []

    def work(first, last):
        if first % 10 == 7:
            raise RuntimeError(f"span {first}")
        done.append(first)

    with pytest.raises(RuntimeError, match="^span 7$"):
        run_spans(work, [(i, i + 1) for i in range(30)], 3)
    assert sorted(done) == [i for i in range(30) if i % 10 != 7]


def test_a_thread_that_is_late_delays_nothing():
    busy = threading.Event()
    starter = threading.Thread(
        target=run_spans, args=(lambda first, last: busy.wait(60), [(0, 1), (1, 2)], 2)
    )
    starter.start()  # its helper is busy, and so it is late for the work of the others
    done = []
    run_spans(lambda first, last: done.append(first), [(i, i + 1) for i in range(5)], 2)
    assert sorted(done) == list(range(5))
    assert not busy.is_set()
    busy.set()
    starter.join(60)
    assert not starter.is_alive()


def _product(seed):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2**64, (600, 30), np.uint64)
    return int(xnor_gemm(a, a, 1920, threads=3).astype(np.int64).sum())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_gets_threads_of_its_own():
    expected = _product(1)  # starts the threads of this process
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_product, (1,)).get(timeout=60) == expected
