"""Uploads that go on where they broke off: what a file on its way is meant for, and what came of it."""
