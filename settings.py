"""What the operator of the service may set: environment variables with the prefix `VCFM_`, or a `.env` file."""
