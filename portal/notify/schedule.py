"""What beat starts by the clock. Two beats do no harm: each task finds the other's work done."""

from typing import Any

BEAT: dict[str, dict[str, Any]] = {
    "sweep": {"task": "portal.sweep", "schedule": 5.0, "options": {"expires": 10}},
    "tidy": {"task": "portal.tidy", "schedule": 3600.0, "options": {"expires": 600}},
    "heartbeat": {"task": "portal.heartbeat", "schedule": 15.0, "options": {"expires": 30}},
}
