"""One presenter per panel: session in, frozen view value out. No Qt, no TensorFlow."""
