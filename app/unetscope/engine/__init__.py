"""Keras, in its own process: the only package that imports TensorFlow."""
