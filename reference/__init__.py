"""The reference pages of docs/, generated from the code. For development only: not part of what is installed."""
