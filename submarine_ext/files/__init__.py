"""What is kept as bytes: code bundles, job logs, artifacts.

Every name that came from a person is checked before it becomes a path; archives are
unpacked member by member, never by ``extractall``.
"""
