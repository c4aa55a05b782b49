# SPDX-License-Identifier: MIT
"""Parameters of layers and networks: weight counts, descriptions, and every message quoted."""

import copy
from typing import Any

import pytest

from golden.params import (
    ConvParams,
    DenseParams,
    HeadParams,
    MapShape,
    NetworkParams,
    PoolParams,
    ThermometerParams,
    XnorParams,
)

MAP = MapShape(height=4, width=6, channels=12)
CIFAR = {"bits": 7, "channels": 3, "height": 32, "width": 32}


def vgg(widths, levels, last, kernel, hidden=128):
    """Blocks of two convolutions and a pool; a depthwise layer; a dense one; the head."""
    layers = [{"kind": "thermometer", "levels": levels}]
    for block, outputs in enumerate(widths):
        layers += [{"kind": "conv", "outputs": outputs, "groups": 2**block}] * 2
        layers.append({"kind": "pool"})
    depthwise = {"outputs": widths[-1], "groups": widths[-1], "kernel": kernel}
    layers.append({"kind": "conv", "padding": "valid", **depthwise})
    layers.append({"kind": "dense", "outputs": last})
    head = {"classes": 100, "hidden": hidden}
    return NetworkParams.from_description({"input": CIFAR, "layers": layers, "head": head})


@pytest.mark.parametrize(
    ("network", "extractor", "one_plane", "two_planes"),
    [
        # The network of the ISCAS'24 slides, "4.1 Mb", and its variant with a global pool.
        (vgg((128, 256, 512), 85, 1024, 3), 3_870_080, 4_116_352, 4_231_552),
        (vgg((128, 256, 512), 85, 1024, 4), 2_300_800, 2_547_072, 2_662_272),
        # Half as wide, "1 Mb".
        (vgg((64, 128, 256), 85, 512, 4), 650_688, 780_224, 844_224),
        (vgg((64, 128, 256), 85, 512, 3), 1_042_112, 1_171_648, 1_235_648),
        # A quarter as wide, of 255 and of 24 input channels.
        (vgg((32, 64, 128), 85, 256, 4), 200_416, 271_584, 309_984),
        (vgg((32, 64, 128), 8, 256, 4), 133_888, 205_056, 243_456),
    ],
)
def test_networks_have_the_weights_of_the_literature(network, extractor, one_plane, two_planes):
    assert network.weight_count == extractor
    assert network.weight_count + network.head.weight_count == two_planes
    assert two_planes - network.head.plane_count == one_plane


def test_slides_network_has_the_weights_layer_by_layer():
    layers = vgg((128, 256, 512), 85, 1024, 3).layers
    counts = [layer.weight_count for layer in layers if isinstance(layer, ConvParams | DenseParams)]
    assert counts == [
        293_760, 147_456, 147_456, 294_912, 294_912, 589_824, 4_608, 2_097_152,
    ]  # fmt: skip


def test_derived_sizes_of_a_convolution():
    conv = ConvParams(input=MAP, outputs=8, kernel=3, groups=4)
    assert (conv.pad, conv.group_inputs, conv.group_outputs, conv.inputs) == (1, 3, 2, 27)
    assert conv.output == MapShape(height=4, width=6, channels=8)
    assert conv.weight_shape == (8, 3, 3, 3)
    valid = ConvParams(input=MAP, outputs=8, kernel=4, padding="valid")
    assert valid.output == MapShape(height=1, width=3, channels=8)


@pytest.mark.parametrize(("inputs", "width"), [(1, 1), (3, 2), (4, 3), (576, 10), (1023, 10)])
def test_counts_of_agreements_fit_their_width(inputs, width):
    assert XnorParams(inputs=inputs).agree_width == width


def description():
    return {
        "head": {"classes": 10, "hidden": 0},
        "input": {"bits": 4, "channels": 1, "height": 8, "width": 8},
        "layers": [
            {"kind": "thermometer", "levels": 4},
            {
                "kind": "conv", "groups": 2, "kernel": 3, "outputs": 6, "padding": "same",
                "shuffle": True, "thresholds": False,
            },
            {"kind": "pool", "size": 2},
            {"kind": "dense", "outputs": 32, "thresholds": True},
        ],
    }  # fmt: skip


def test_description_and_parameters_are_inverse():
    assert NetworkParams.from_description(description()).describe() == description()


def test_keys_left_out_take_their_defaults():
    short = {
        "input": description()["input"],
        "layers": [
            {"kind": "thermometer", "levels": 4},
            {"kind": "conv", "outputs": 6},
            {"kind": "pool"},
            {"kind": "dense", "outputs": 32},
        ],
        "head": {"classes": 3},
    }
    params = NetworkParams.from_description(short)
    assert params.layers[1] == ConvParams(
        input=params.layers[0].output, outputs=6, kernel=3, groups=1, padding="same"
    )
    assert params.layers[2] == PoolParams(input=params.layers[1].output, size=2)
    assert params.head == HeadParams(features=32, classes=3, hidden=128)
    assert NetworkParams.from_description({**short, "head": None}).head is None


@pytest.mark.parametrize(
    ("params", "values", "kind", "message"),
    [
        (
            XnorParams, dict(inputs=0), ValueError,
            "Neuron inputs n must be an integer >= 1, not 0",
        ),
        (
            XnorParams, dict(inputs=True), TypeError,
            "Neuron inputs n must be an integer >= 1, not True",
        ),
        (
            XnorParams, dict(inputs=2.0), TypeError,
            "Neuron inputs n must be an integer >= 1, not 2.0",
        ),
        (
            MapShape, dict(height=0, width=1, channels=1), ValueError,
            "Map height must be an integer >= 1, not 0",
        ),
        (
            MapShape, dict(height=1, width=-1, channels=1), ValueError,
            "Map width must be an integer >= 1, not -1",
        ),
        (
            MapShape, dict(height=1, width=1, channels="3"), TypeError,
            "Map channels must be an integer >= 1, not '3'",
        ),
        (
            ThermometerParams, dict(bits=17, levels=1, input=MAP), ValueError,
            "Pixel bits b must be an integer in 1..16, not 17",
        ),
        (
            ThermometerParams, dict(bits=4, levels=17, input=MAP), ValueError,
            "Thermometer levels T must be an integer in 1..16, not 17",
        ),
        (
            DenseParams, dict(inputs=0, outputs=1), ValueError,
            "Dense inputs must be an integer >= 1, not 0",
        ),
        (
            DenseParams, dict(inputs=1, outputs=0), ValueError,
            "Dense outputs must be an integer >= 1, not 0",
        ),
        (
            DenseParams, dict(inputs=1, outputs=1, thresholds=1), TypeError,
            "Dense thresholds must be true or false, not 1",
        ),
        (
            ConvParams, dict(input=MAP, outputs=0), ValueError,
            "Convolution outputs must be an integer >= 1, not 0",
        ),
        (
            ConvParams, dict(input=MAP, outputs=1, kernel=0), ValueError,
            "Convolution kernel must be an integer >= 1, not 0",
        ),
        (
            ConvParams, dict(input=MAP, outputs=1, groups=0), ValueError,
            "Convolution groups must be an integer >= 1, not 0",
        ),
        (
            ConvParams, dict(input=MAP, outputs=1, padding="full"), ValueError,
            "Convolution padding must be one of same, valid, not 'full'",
        ),
        (
            ConvParams, dict(input=MAP, outputs=1, shuffle=0), TypeError,
            "Convolution shuffle must be true or false, not 0",
        ),
        (
            ConvParams, dict(input=MAP, outputs=1, thresholds="no"), TypeError,
            "Convolution thresholds must be true or false, not 'no'",
        ),
        (
            ConvParams, dict(input=MAP, outputs=10, groups=5), ValueError,
            "Convolution groups must divide the 12 input channels, not 5",
        ),
        (
            ConvParams, dict(input=MAP, outputs=10, groups=4), ValueError,
            "Convolution groups must divide the 10 output channels, not 4",
        ),
        (
            ConvParams, dict(input=MAP, outputs=1, kernel=2), ValueError,
            "Kernel of a same-padded convolution must be odd, not 2",
        ),
        (
            ConvParams, dict(input=MAP, outputs=1, kernel=5, padding="valid"), ValueError,
            "Kernel of a valid convolution must fit the 4 x 6 map, not 5",
        ),
        (
            PoolParams, dict(input=MAP, size=0), ValueError,
            "Pool size must be an integer >= 1, not 0",
        ),
        (
            PoolParams, dict(input=MAP, size=3), ValueError,
            "Pool size must divide the 4 x 6 map, not 3",
        ),
        (
            HeadParams, dict(features=0, classes=1), ValueError,
            "Head features D must be an integer >= 1, not 0",
        ),
        (
            HeadParams, dict(features=1, classes=0), ValueError,
            "Head classes must be an integer >= 1, not 0",
        ),
        (
            HeadParams, dict(features=1, classes=1, hidden=-1), ValueError,
            "Head hidden neurons H must be an integer >= 0, not -1",
        ),
    ],
)  # fmt: skip
def test_layer_parameters_out_of_range_are_refused(params, values, kind, message):
    with pytest.raises(kind) as error:
        params(**values)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("edit", "kind", "message"),
    [
        (lambda d: d.pop("layers"), ValueError, "Network must have the key 'layers'"),
        (
            lambda d: d.update(name="x"), ValueError,
            "Network must have no keys but input, layers, head, not 'name'",
        ),
        (lambda d: d.update(input=3), TypeError, "Input must be a mapping, not 3"),
        (lambda d: d["input"].pop("bits"), ValueError, "Input must have the key 'bits'"),
        (
            lambda d: d["input"].update(depth=3), ValueError,
            "Input must have no keys but bits, channels, height, width, not 'depth'",
        ),
        (lambda d: d.update(layers="conv"), TypeError, "Network layers must be a list, not 'conv'"),
        (lambda d: d.update(layers=[]), ValueError, "Network layers must begin with a thermometer"),
        (
            lambda d: d.update(layers=[{"kind": "pool"}]), ValueError,
            "Network layers must begin with a thermometer",
        ),
        (
            lambda d: d["layers"].insert(1, {"kind": "thermometer", "levels": 2}), ValueError,
            "Layer 1 must not be a thermometer: only layer 0 is",
        ),
        (
            lambda d: d["layers"].append({"kind": "softmax"}), ValueError,
            "Layer 4: kind must be one of thermometer, conv, pool, dense, not {'kind': 'softmax'}",
        ),
        (
            lambda d: d["layers"].append(["pool"]), ValueError,
            "Layer 4: kind must be one of thermometer, conv, pool, dense, not ['pool']",
        ),
        (
            lambda d: d["layers"].append({"kind": []}), ValueError,
            "Layer 4: kind must be one of thermometer, conv, pool, dense, not {'kind': []}",
        ),
        (
            lambda d: d["layers"][1].pop("outputs"), ValueError,
            "Layer 1: conv must have the key 'outputs'",
        ),
        (
            lambda d: d["layers"][2].update(stride=2), ValueError,
            "Layer 2: pool must have no keys but size, not 'stride'",
        ),
        (
            lambda d: d["layers"][1].update(groups=3), ValueError,
            "Layer 1: Convolution groups must divide the 4 input channels, not 3",
        ),
        (
            lambda d: d["layers"][3].update(outputs=None), TypeError,
            "Layer 3: Dense outputs must be an integer >= 1, not None",
        ),
        (
            lambda d: d["input"].update(bits=0), ValueError,
            "Layer 0: Pixel bits b must be an integer in 1..16, not 0",
        ),
        (lambda d: d.update(head=[1]), TypeError, "Head must be a mapping, not [1]"),
        (lambda d: d["head"].pop("classes"), ValueError, "Head must have the key 'classes'"),
        (
            lambda d: d["head"].update(skip=1), ValueError,
            "Head must have no keys but classes, hidden, not 'skip'",
        ),
    ],
)  # fmt: skip
def test_descriptions_that_do_not_fit_are_refused(edit, kind, message):
    given = copy.deepcopy(description())
    edit(given)
    with pytest.raises(kind) as error:
        NetworkParams.from_description(given)
    assert str(error.value) == message


def test_a_description_must_be_a_mapping():
    not_a_mapping: Any = []
    with pytest.raises(TypeError, match=r"Network must be a mapping, not \[\]"):
        NetworkParams.from_description(not_a_mapping)


def test_layers_must_fit_one_another():
    params = NetworkParams.from_description(description())
    common = {"input": params.input, "bits": 4}
    first, _, pool, dense = params.layers
    with pytest.raises(ValueError, match=r"Layer 1 must take the MapShape\(.*channels=4\) of the"):
        NetworkParams(**common, layers=(first, pool))
    with pytest.raises(ValueError, match=r"Layer 1 must take the MapShape\(.*channels=4\) of the"):
        NetworkParams(**common, layers=(first, dense))
    with pytest.raises(ValueError, match="Thermometer bits must be the 5 of the input, not 4"):
        NetworkParams(input=params.input, bits=5, layers=(first,))
    with pytest.raises(ValueError, match="Pixel bits b must be an integer in 1..16, not 0"):
        NetworkParams(input=params.input, bits=0, layers=(first,))
    with pytest.raises(
        ValueError, match="Head features D must be the 256 outputs of the last layer, not 255"
    ):
        NetworkParams(**common, layers=(first,), head=HeadParams(features=255, classes=2))
