"""Notices to people, and the outbox through which all work reaches the workers."""
