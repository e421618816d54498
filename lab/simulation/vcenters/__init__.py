"""The vCenters as the simulated parts see them: sessions and virtual machines."""
