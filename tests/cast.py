"""The fixed cast of the tests is the demonstration's: see `demo.people`."""

from demo.people import Cast, load_people

__all__ = ["Cast", "load_people"]
