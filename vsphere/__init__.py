"""One vCenter: sessions, inventory, tasks, tags, folders. Every SOAP and REST call leaves through one seam."""
