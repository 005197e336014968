"""The demonstration: example people, cases and logs, loaded through the actions."""
