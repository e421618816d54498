"""The wire of one vCenter: sessions, SOAP and REST, and what of a call the journal keeps."""
