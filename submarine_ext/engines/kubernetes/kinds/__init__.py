"""The kinds of Kubernetes object that a job can become: one module each, pure functions."""
