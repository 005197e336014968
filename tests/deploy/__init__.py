"""Starting, settings, health and faults."""
