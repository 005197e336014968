"""Every address of the portal, by name, with the arguments it takes."""

from functools import cache

from django.urls import URLPattern, URLResolver, get_resolver


@cache
def routes() -> dict[str, tuple[str, ...]]:
    """Name, with its namespace, to the names of its arguments."""
    return dict(_found(get_resolver(), ""))


def arguments(name: str) -> tuple[str, ...]:
    """Names of the arguments of one address."""
    return routes()[name]


def _found(resolver: URLResolver, prefix: str) -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            found += _found(one, f"{one.namespace}:" if one.namespace else prefix)
        elif isinstance(one, URLPattern):
            assert one.name, f"{one.pattern} has no name"
            found.append((prefix + one.name, tuple(one.pattern.converters)))
    return found
