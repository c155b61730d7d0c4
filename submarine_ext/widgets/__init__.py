"""A job in a cell: one widget, fed by one thread a kernel."""
