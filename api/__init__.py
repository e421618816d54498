"""The REST API: translates HTTP requests into calls of `client/`; business rules live below it."""
