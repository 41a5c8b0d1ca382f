"""The domain of live documents: replicas, presence, fan-out, and both wire dialects as pure codecs. See SPEC.md."""
