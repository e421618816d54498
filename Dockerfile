# One image for every process: `vcfm api`, `vcfm worker`, `vcfm bridge`.
#
# The base is named by its tag, so that a rebuild brings Debian's and Python's fixes; who wants the very same bits again
# gives a digest: --build-arg PYTHON=python@sha256:…. What we add is locked by hash either way.
ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS build
WORKDIR /build
COPY requirements/build.txt requirements/service.txt requirements/
RUN python -m venv tools \
    && tools/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
    && python -m venv --without-pip /opt/vcfm \
    && tools/bin/pip --python /opt/vcfm install --no-cache-dir --require-hashes --requirement requirements/service.txt
# The source comes after the dependencies, which change less often.
COPY . .
RUN tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && tools/bin/pip --python /opt/vcfm install --no-cache-dir --no-deps --no-index dist/*.whl

FROM ${PYTHON}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="vcf-migration" \
      org.opencontainers.image.description="Moves a running OpenShift cluster from one vCenter to another" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# OpenShift runs it as any user of group 0, on a read-only root: this directory, mounted over, is all it writes to.
RUN install --directory --owner=1001 --group=0 --mode=0770 /var/lib/vcfm
COPY --from=build /opt/vcfm /opt/vcfm
ENV PATH=/opt/vcfm/bin:$PATH \
    HOME=/var/lib/vcfm \
    TMPDIR=/var/lib/vcfm \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VCFM_API_HOST=0.0.0.0 \
    VCFM_HEALTH_HOST=0.0.0.0 \
    VCFM_HEALTH_PORT=8081 \
    VCFM_LOG_JSON=true \
    VCFM_STATE_DIRECTORY=/var/lib/vcfm
WORKDIR /var/lib/vcfm
USER 1001:0
EXPOSE 8080 8081
ENTRYPOINT ["vcfm"]
CMD ["--help"]
