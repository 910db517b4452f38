"""The one store of the one session, and the background jobs. No Qt, no TensorFlow, no files."""
