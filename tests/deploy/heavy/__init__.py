"""An app of the fault tests: migrations that rewrite a big table of the portal, to be killed at their work (F30)."""
