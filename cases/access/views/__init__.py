"""Pages of access, by noun: agreements, partners, grants. `pages` is what they have in common."""
