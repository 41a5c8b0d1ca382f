"""The files of a deployment, checked without a container engine."""
