"""The test bed: an OpenShift cluster on two vCenters, of real parts, on one machine. Imports nothing of the product."""
