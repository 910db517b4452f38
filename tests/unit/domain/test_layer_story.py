"""What a layer's numbers mean, in words, checked by hand."""

from __future__ import annotations

from tests.unit.domain.odd_graphs import Drawn
from tests.unit.fakes import kinds_network, layer, network_of, unet

from unetscope.domain.graph import Graph, Layer, WeightSpec
from unetscope.domain.layer_cost import multiply_adds
from unetscope.domain.layer_story import tell
from unetscope.domain.weight_axes import arrays_in_words


def seed_end() -> Graph:
    """The end of the first seed's encoder, with its very shapes."""
    net = Drawn()
    here = net.image("input_1", 200)
    channels = ((64, 5, 5), (96, 3, 3), (128, 3, 3), (256, 3, 4), (512, 3, 3))
    for level, (count, first, second) in enumerate(channels, 1):
        here = net.conv(f"conv{level}_1", here, count, window=first)
        here = net.conv(f"conv{level}_2", here, count, window=second)
        if level < 5:
            here = net.pool(f"pool{level}", here)
    layers = [_with_bias(each) for each in net.layers]
    return Graph(layers, ("conv5_2",))


def _with_bias(each: Layer) -> Layer:
    if not each.weights:
        return each
    specs = (*each.weights, WeightSpec("bias", (each.weights[0].shape[-1],)))
    config = {**each.config, "padding": "same", "kernel_size": each.weights[0].shape[:2]}
    return Layer(each.name, each.kind, each.output_shape, each.inputs, specs, 0, config)


def words_of(name: str) -> str:
    graph = seed_end()
    story = tell(graph, graph[name])
    return " ".join([story.counted, *story.sentences])


def test_the_seeds_question_is_answered() -> None:
    graph = seed_end()
    assert graph.parameters == 5_384_832
    story = tell(graph, graph["conv5_2"], shown=(0, 12), millimetres=(0.5, 0.5))
    kernel, bias = story.arrays
    assert [axis.length for axis in kernel.axes] == [3, 3, 512, 512]
    assert kernel.meaning == ("kernel height 3 × kernel width 3 × 512 input channels × 512 filters")
    assert bias.meaning == "512 filters"
    assert story.counted == (
        "3 × 3 × 512 × 512 = 2,359,296 in kernel and 512 biases: 2,359,808 parameters."
    )
    said = " ".join(story.sentences)
    assert "a stack of 512 kernels of 3×3, one for each of the 512 channels it reads" in said
    assert "512 filters, 512 feature maps" in said
    assert "Why 512 input channels, when the image has 1 channel?" in said
    assert "only conv1_1 reads it" in said
    assert "conv5_2 reads the 512 feature maps made by conv5_1." in said
    assert "kernel[:, :, 0, 12]: 9 of these numbers." in said
    assert "152×152 pixels of the image, 76 × 76 mm here" in said
    assert "16 pixels apart" in said
    assert "340 million multiply-adds" in said


def test_maps_that_come_through_a_pooling_were_made_before_it() -> None:
    said = words_of("conv5_1")
    assert "reads the 256 feature maps made by conv4_2, which reach it through pool4." in said


def test_maps_of_a_concatenation_were_made_by_several_layers() -> None:
    graph = unet().graph
    said = " ".join(tell(graph, graph["dec"]).sentences)
    assert (
        "reads the 10 feature maps made: 6 by mid, 4 by enc, which reach it through skip." in said
    )


def test_the_first_layer_reads_the_image_itself() -> None:
    said = words_of("conv1_1")
    assert "It reads the image itself, which has 1 channel." in said
    assert "Why" not in said
    assert "A filter is one kernel of 5×5" in said


def test_a_transposed_convolution_says_that_filters_come_first() -> None:
    graph = kinds_network().graph
    (kernel, _) = arrays_in_words(graph["up"])
    assert kernel.meaning == "kernel height 2 × kernel width 3 × 5 filters × 3 input channels"
    assert [axis.role for axis in kernel.axes] == ["window", "window", "filters", "in"]
    assert "filters before its input channels" in " ".join(tell(graph, graph["up"]).sentences)


def test_depthwise_and_separable_kernels_are_told_apart() -> None:
    graph = kinds_network().graph
    kernel, bias = arrays_in_words(graph["depth"])
    assert kernel.meaning.endswith("5 input channels × 2 filters of each channel")
    assert bias.meaning == "10 feature maps"
    assert "10 feature maps" in tell(graph, graph["depth"]).sentences[0]
    specs = (
        WeightSpec("depthwise_kernel", (3, 3, 5, 1)),
        WeightSpec("pointwise_kernel", (1, 1, 5, 7)),
        WeightSpec("bias", (7,)),
    )
    separable = Layer("sep", "SeparableConv2D", (None, 8, 8, 7), ("image",), specs)
    alone = Graph([layer("image", "InputLayer", output=(None, 8, 8, 5)), separable], ("sep",))
    depthwise, pointwise, _ = arrays_in_words(separable)
    assert depthwise.meaning.endswith("5 input channels × 1 filter of each channel")
    assert pointwise.meaning.endswith("5 maps to mix × 7 filters")
    assert "1×1 kernels mix" in tell(alone, separable).sentences[0]
    assert multiply_adds(alone, separable) == 64 * (45 + 35)


def test_a_kernel_in_three_dimensions_has_a_depth() -> None:
    solid = layer("c", "Conv3D", ["image"], output=(None, 4, 8, 8, 6), kernel=(3, 5, 7, 2, 6))
    (kernel,) = arrays_in_words(solid)
    assert kernel.meaning == (
        "kernel depth 3 × kernel height 5 × kernel width 7 × 2 input channels × 6 filters"
    )
    line = layer("l", "Conv1D", ["image"], output=(None, 9, 6), kernel=(4, 2, 6))
    assert arrays_in_words(line)[0].meaning == "kernel length 4 × 2 input channels × 6 filters"


def test_dense_and_normalisation_weights_are_named() -> None:
    graph = kinds_network().graph
    matrix, bias = arrays_in_words(graph["dense"])
    assert (matrix.meaning, bias.meaning) == ("10 inputs × 2 units", "2 units")
    specs = tuple(WeightSpec(n, (6,)) for n in ("gamma", "beta", "moving_mean", "moving_variance"))
    norm = Layer("bn", "BatchNormalization", (None, 8, 8, 6), (), specs)
    assert {words.meaning for words in arrays_in_words(norm)} == {"6 channels"}
    story = tell(Graph([norm], ("bn",)), norm)
    assert story.counted == (
        "6 in gamma, 6 in beta, 6 in moving_mean and 6 in moving_variance: 24 parameters."
    )
    assert "gamma and beta" in story.sentences[0]


def test_unknown_weights_have_no_names_but_are_counted() -> None:
    odd = Layer("a", "MultiHeadAttention", (), (), (WeightSpec("query/kernel", (8, 2, 4)),))
    (words,) = arrays_in_words(odd)
    assert (words.meaning, words.size) == ("8 values × 2 values × 4 values", 64)
    assert multiply_adds(Graph([odd], ("a",)), odd) is None


def test_a_layer_without_weights_says_what_it_does() -> None:
    graph = unet().graph
    story = tell(graph, graph["pool"])
    assert story.arrays == ()
    assert story.counted.startswith("This layer has no weights")
    assert "the largest value is kept" in story.sentences[0]


def test_multiply_adds_are_positions_times_weights() -> None:
    graph = seed_end()
    assert multiply_adds(graph, graph["conv5_2"]) == 12 * 12 * 9 * 512 * 512
    assert multiply_adds(graph, graph["pool1"]) == 0
    kinds = kinds_network().graph
    assert multiply_adds(kinds, kinds["up"]) == 64 * 2 * 3 * 5 * 3  # spread from each input value
    assert multiply_adds(kinds, kinds["dense"]) == 16 * 16 * 20
    anything = network_of(
        layer("image", "InputLayer", output=(None, None, None, 1)),
        layer("c", inputs=["image"], output=(None, None, None, 4), kernel=(3, 3, 1, 4)),
    ).graph
    assert multiply_adds(anything, anything["c"]) is None
