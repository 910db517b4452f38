"""The operations in a SavedModel's graph: looked at, never run.

Nothing of the graph is used here. But a folder that could write a file, or read one, when somebody
else loads it is nothing to work with, so only operations are let through that compute, and those by
which every SavedModel keeps its own variables.
"""

from __future__ import annotations

from collections.abc import Iterator

from unetscope.domain.errors import ModelError
from unetscope.modelfile.protobuf import messages, text

_VARIABLES = frozenset(
    {"VarHandleOp", "ReadVariableOp", "AssignVariableOp", "AssignAddVariableOp"}
    | {"AssignSubVariableOp", "VarIsInitializedOp", "DisableCopyOnRead", "MergeV2Checkpoints"}
    | {"RestoreV2", "SaveV2", "ShardedFilename", "StaticRegexFullMatch", "StringJoin"}
    | {"Variable", "VariableV2", "Assign", "ResourceGather", "IsVariableInitialized"}
)
_STRUCTURE = frozenset(
    {"NoOp", "Const", "Placeholder", "PlaceholderWithDefault", "Identity", "IdentityN"}
    | {"PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "While"}
    | {"StatelessWhile", "Case", "StatelessCase", "Switch", "Merge", "Enter", "Exit"}
    | {"NextIteration", "LoopCond", "Assert", "StopGradient", "PreventGradient", "CheckNumerics"}
    | {"EnsureShape", "Snapshot", "ControlTrigger", "RefSwitch", "PlaceholderV2", "Empty"}
)
_ARITHMETIC = frozenset(
    {"Abs", "Add", "AddN", "AddV2", "BiasAdd", "BiasAddV1", "Cast", "Ceil", "ClipByValue"}
    | {"Cos", "Cosh", "Cumsum", "Cumprod", "Div", "DivNoNan", "Erf", "Erfc", "Exp", "Expm1"}
    | {"Floor", "FloorDiv", "FloorMod", "Inv", "Log", "Log1p", "LogicalAnd", "LogicalNot"}
    | {"LogicalOr", "Maximum", "Minimum", "Mod", "Mul", "MulNoNan", "Neg", "Pow", "RealDiv"}
    | {"Reciprocal", "Rint", "Round", "Rsqrt", "Sign", "Sin", "Sinh", "Sqrt", "Square"}
    | {"SquaredDifference", "Sub", "Tan", "Tanh", "TruncateDiv", "TruncateMod", "Xdivy"}
    | {"Xlogy", "Atan", "Atan2", "Asin", "Acos", "Equal", "NotEqual", "Greater"}
    | {"GreaterEqual", "Less", "LessEqual", "IsFinite", "IsInf", "IsNan", "ApproximateEqual"}
    | {"All", "Any", "ArgMax", "ArgMin", "Max", "Mean", "Min", "Prod", "Sum", "EuclideanNorm"}
    | {"TopK", "TopKV2", "InTopK", "InTopKV2", "Bincount", "UnsortedSegmentSum"}
    | {"L2Loss", "LRN", "MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum"}
)
_ARRAYS = frozenset(
    {"BatchToSpace", "BatchToSpaceND", "Bitcast", "BroadcastArgs", "BroadcastGradientArgs"}
    | {"BroadcastTo", "Concat", "ConcatV2", "ConcatOffset", "DepthToSpace", "Diag", "ExpandDims"}
    | {"ExtractImagePatches", "Fill", "Gather", "GatherNd", "GatherV2", "LinSpace"}
    | {"MatrixBandPart", "MatrixDiag", "MirrorPad", "OneHot", "OnesLike", "Pack", "Pad", "PadV2"}
    | {"Range", "Rank", "Reshape", "Reverse", "ReverseV2", "Roll", "ScatterNd", "Select"}
    | {"SelectV2", "Shape", "ShapeN", "Size", "Slice", "SpaceToBatch", "SpaceToBatchND"}
    | {"SpaceToDepth", "Split", "SplitV", "Squeeze", "StridedSlice", "TensorScatterUpdate"}
    | {"Tile", "Transpose", "Unpack", "Where", "ZerosLike", "InvertPermutation"}
    | {"TensorListReserve", "TensorListStack", "TensorListSetItem", "TensorListGetItem"}
    | {"TensorListFromTensor", "TensorListElementShape", "TensorListLength"}
)
_LAYERS = frozenset(
    {"AvgPool", "AvgPool3D", "Conv2D", "Conv2DBackpropInput", "Conv3D", "Conv3DBackpropInputV2"}
    | {"Conv3DBackpropInput", "DepthwiseConv2dNative", "Dilation2D", "Elu", "FusedBatchNorm"}
    | {"DepthwiseConv2dNativeBackpropInput", "FusedBatchNormV2", "FusedBatchNormV3", "LeakyRelu"}
    | {"LogSoftmax", "MaxPool", "MaxPoolV2", "MaxPool3D", "MaxPoolWithArgmax", "Relu", "Relu6"}
    | {"Selu", "Sigmoid", "Softmax", "Softplus", "Softsign", "CropAndResize", "ResizeArea"}
    | {"ResizeBicubic", "ResizeBilinear", "ResizeNearestNeighbor", "ScaleAndTranslate"}
    | {"ImageProjectiveTransformV2", "ImageProjectiveTransformV3", "AdjustContrastv2"}
    | {"AdjustHue", "AdjustSaturation", "RGBToHSV", "HSVToRGB", "Bucketize"}
)
_CHANCE = frozenset(
    {"RandomStandardNormal", "RandomUniform", "RandomUniformInt", "RngReadAndSkip"}
    | {"RngSkip", "StatefulUniform", "StatefulUniformInt", "StatefulStandardNormalV2"}
    | {"StatelessRandomGetAlg", "StatelessRandomGetKeyCounter", "StatelessRandomGetKeyCounterAlg"}
    | {"StatelessRandomNormal", "StatelessRandomNormalV2", "StatelessRandomUniform"}
    | {"StatelessRandomUniformFullInt", "StatelessRandomUniformFullIntV2"}
    | {"StatelessRandomUniformInt", "StatelessRandomUniformIntV2", "StatelessRandomUniformV2"}
    | {"TruncatedNormal", "StatelessTruncatedNormal", "StatelessTruncatedNormalV2"}
)
_ALLOWED = _VARIABLES | _STRUCTURE | _ARITHMETIC | _ARRAYS | _LAYERS | _CHANCE


def check_operations(graph: bytes, file: str) -> None:
    """Refuse a SavedModel that holds any other operation; ModelError names it.

    Parameters
    ----------
    graph : bytes
        What ``saved_model.pb`` holds.
    file : str
        What the folder is called, for errors.
    """
    try:
        strange = sorted(set(_operations(graph)) - _ALLOWED)
    except (ValueError, IndexError) as error:
        raise ModelError(
            f"{file} is damaged: saved_model.pb cannot be read.",
            "Copy the folder again from where it came from.",
        ) from error
    if strange:
        shown = ", ".join(name[:30] for name in strange[:4])
        more = f" and {len(strange) - 4} more" if len(strange) > 4 else ""
        raise ModelError(
            f"{file} holds operations that a network does not need: {shown}{more}.",
            "They could read or write files. Have it saved again as a .keras file.",
        )


def _operations(saved_model: bytes) -> Iterator[str]:
    """Names of all operations: of each graph, and of the functions in its library."""
    for meta in messages(saved_model, 2):
        for graph in messages(meta, 2):
            nodes = messages(graph, 1)
            for library in messages(graph, 2):
                for function in messages(library, 1):
                    nodes += messages(function, 3)
            for node in nodes:
                yield text(node, 2)
