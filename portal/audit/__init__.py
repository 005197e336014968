"""The audit log: append-only, chained, verifiable. Write with `journal.record`, check with `verify.verify`."""
