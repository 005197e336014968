"""Questions to the developer."""
