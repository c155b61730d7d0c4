"""``%submarine`` and ``%%submarine`` in notebooks and IPython."""
