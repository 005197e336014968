"""Index of every room's models, for Django. To add a room, add its line."""

from cases.access import models as access
from cases.benchmarks import models as benchmarks
from cases.documents import models as documents
from cases.documents.uploads import models as uploads
from cases.incidents import models as incidents
from cases.labels import models as labels
from cases.questions import models as questions
from cases.readiness import models as readiness
from cases.records import models as records
from cases.register import models as register

__all__ = [
    "access", "benchmarks", "documents", "incidents", "labels", "questions", "readiness", "records", "register",
    "uploads",
]  # fmt: skip
