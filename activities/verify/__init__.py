"""The final report: claims made from a fresh reading of cluster and vCenters."""
