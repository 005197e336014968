"""The people of the demonstration, one a role, and the policy version they work under. The tests' cast is the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from accounts.actions import add_organisation, add_person, appoint
from accounts.models import Organisation, User
from cases.register.models import PolicyVersion
from cases.register.policies import sign_policy
from cases.rules import clock

ASSURANCE: Final = (
    "The agency will treat what you designate as business confidential as commercial information given in confidence "
    "(FOIA exemption 4) and will notify you before any disclosure that you may object to."
)
SAFEGUARDS: Final = [
    {"id": "isolation", "label": "Isolated environment"},
    {"id": "egress_control", "label": "Egress control"},
    {"id": "logging", "label": "Logging of every request"},
    {"id": "two_person", "label": "Two-person rule"},
    {"id": "no_training", "label": "No training on prompts or outputs"},
    {"id": "no_derivatives", "label": "No derivatives"},
    {"id": "no_redistribution", "label": "No redistribution"},
    {"id": "us_persons", "label": "US persons only"},
    {"id": "return_destroy", "label": "Return or destroy at the end"},
]

# key: name, short name, kind, sector
ORGANISATIONS: Final = {
    "developer": ("Meridian AI, Inc.", "Meridian AI", "developer", "frontier models"),
    "other_developer": ("Halcyon Research PBC", "Halcyon", "developer", "frontier models"),
    "agency": ("National Security Agency, AI Security Center", "NSA AISC", "agency", ""),
    "office": ("Cybersecurity and Infrastructure Security Agency", "CISA", "agency", ""),
    "office2": ("National Institute of Standards and Technology, CAISI", "NIST CAISI", "agency", ""),
    "partner_org": ("Gridline Energy Cooperative", "Gridline", "partner", "energy"),
    "other_partner_org": ("Harbor Regional Bank", "Harbor Bank", "partner", "finance"),
    "oversight": ("Office of Inspector General", "OIG", "oversight", ""),
    "operator": ("Foreview Operations", "Operations", "operator", ""),
}

# key: name, mailbox, organisation, role
PEOPLE: Final = {
    "liaison": ("Lena Ortiz", "liaison@meridian.example", "developer", "liaison"),
    "signatory": ("Samir Patel", "signing@meridian.example", "developer", "developer_signatory"),
    "lead": ("Frances Lead", "lead@agency.example", "agency", "framework_lead"),
    "officer": ("Omar Reyes", "officer@agency.example", "agency", "case_officer"),
    "evaluator": ("Eve Nakamura", "evaluator@agency.example", "agency", "evaluator"),
    "evaluator2": ("Edwin Cole", "evaluator2@agency.example", "agency", "evaluator"),
    "consultee": ("Carla Novak", "consultee@cisa.example", "office", "consultee"),
    "consultee2": ("Chidi Okafor", "consultee@nist.example", "office2", "consultee"),
    "official": ("Dana Whitfield", "official@agency.example", "agency", "determining_official"),
    "security": ("Sofia Marsh", "security@agency.example", "agency", "security_manager"),
    "records": ("Rui Tanaka", "records@agency.example", "agency", "records_officer"),
    "partner": ("Priya Raman", "partner@gridline.example", "partner_org", "partner_representative"),
    "other_partner": ("Paul Weber", "partner@harbor.example", "other_partner_org", "partner_representative"),
    "auditor": ("Anna Kowalski", "auditor@oig.example", "oversight", "auditor"),
    "org_admin": ("Oren Blake", "people@meridian.example", "developer", "organisation_administrator"),
    "admin": ("Alex Kim", "operator@foreview.example", "operator", "platform_administrator"),
    "stranger": ("Stella Frost", "liaison@halcyon.example", "other_developer", "liaison"),
    "stranger_signatory": ("Sven Dahl", "signing@halcyon.example", "other_developer", "developer_signatory"),
}


@dataclass(frozen=True)
class Cast:
    """Everybody, by key: `cast.liaison` is a person, `cast.developer` an organisation, `cast.policy` the policy."""

    people: dict[str, User]
    organisations: dict[str, Organisation]
    policy: PolicyVersion

    def __getattr__(self, key: str) -> Any:
        found = self.people.get(key) or self.organisations.get(key)
        if found is None:
            raise AttributeError(key)
        return found


def load_people(now: datetime) -> Cast:
    """Add every organisation, person and appointment, and sign the first policy version, as of `now`."""
    organisations = {
        key: add_organisation(name=name, short_name=short, kind=kind, sector=sector, by=None, now=now)
        for key, (name, short, kind, sector) in ORGANISATIONS.items()
    }
    people = {}
    for key, (name, email, organisation, role) in PEOPLE.items():
        people[key] = add_person(email=email, name=name, by=None, now=now, demonstration=True)
        appoint(person=people[key], organisation=organisations[organisation], role=role, by=None, now=now)
    return Cast(people, organisations, _first_policy(people["lead"], organisations, now))


def _first_policy(lead: User, organisations: dict[str, Organisation], now: datetime) -> PolicyVersion:
    return sign_policy(
        by=lead,
        now=now,
        default_marking="PROPIN",
        clocks=clock.defaults(),
        safeguards=SAFEGUARDS,
        assurance=ASSURANCE,
        roster=[(organisations["office"], True), (organisations["office2"], False)],
    )
