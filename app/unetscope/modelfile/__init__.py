"""Model files read without Keras, for whoever describes a network and whoever runs it."""
