"""What people may do: one file per noun. Permission, then one transaction, with its event.

The only callers of ``domain.access``. The first argument is always the verified principal.
"""
