"""One OpenShift cluster: documents in, documents out. Every call to the API server leaves through one seam."""
