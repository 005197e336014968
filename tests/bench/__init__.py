"""The bench: measures what design promises, prints a table, writes `var/bench.json`. Run by `make bench`.

To add a row, write a function that yields `rows.Row` in one of the modules here and name it in `__main__.PARTS`.
"""
