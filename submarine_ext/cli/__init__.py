"""The ``submarine`` command, and the grammar that the notebook magics share with it."""
