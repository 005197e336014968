"""Index of every room's jobs, so that workers know them. To add a room with jobs, add its line."""

from cases.access import tasks as access
from cases.benchmarks import tasks as benchmarks
from cases.documents import tasks as documents
from cases.incidents import tasks as incidents
from cases.reports import tasks as reports

__all__ = ["access", "benchmarks", "documents", "incidents", "reports"]
