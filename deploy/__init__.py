"""What starts and keeps Foreview: environment, servers, supervisor. Not imported by the Django apps."""
