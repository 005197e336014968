"""Looking through stored bytes before anybody opens them: one module a step, none of which repeats what it read."""
