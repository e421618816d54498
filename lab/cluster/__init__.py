"""The lab's OpenShift cluster: access to its API server, and the documents that an installer would leave in it."""
