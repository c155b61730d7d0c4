"""Why a job waits, and why it ended: what the cluster says, as one plain sentence.

Pure functions of a :class:`~submarine_ext.engines.kubernetes.diagnosis.view.View`; one
module for each source (scheduler, images, quota, queue, endings).
"""
