"""The operator's page: server, feed and static files."""
