"""Records: legal holds, retention, FOIA."""
