"""Runs the same job on a Kubernetes cluster, with only a kubeconfig at hand.

Nothing is installed in the cluster, and no pod connects back: code goes in with ConfigMaps
(or a staging area), everything comes out through the pods' logs. Raw JSON over one aiohttp
session; the package ``kubernetes`` reads kubeconfigs and nothing else. Both are imported
when the engine is opened, so a server without it pays nothing.
"""
