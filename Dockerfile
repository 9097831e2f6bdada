# Images of Trainyard: `docker build --target api|worker|worker-gpu|proxy .`, or docker-compose.yml, which builds all of them.
#
# Rarely changed steps come first, and installed packages are layers of the images themselves: a code change only rebuilds
# and copies the small wheel. A worker's image begins with the layers of the API's.

ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim

FROM ${PYTHON_IMAGE} AS project
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# At its path in the images, since the shebang of `trainyard` contains it.
RUN python -m venv /opt/venv
COPY requirements/build.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/venv/bin/python -m pip install --require-hashes -r /requirements/build.txt
COPY . /source
RUN /opt/venv/bin/python -m pip install --no-deps --no-build-isolation --no-index --target /opt/trainyard /source

FROM ${PYTHON_IMAGE} AS base
COPY --chmod=0755 deploy/images/remove-installers /usr/local/sbin/

FROM base AS runtime
# tini is process 1: it forwards signals, also before Python has installed handlers, and reaps orphans.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 trainyard \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin trainyard \
    && install --directory --owner trainyard --group trainyard --mode 0750 /var/lib/trainyard \
    && python -m venv --without-pip /opt/venv
# The root file system can be read-only: bytecode is compiled at build time, and only two folders are written to.
ENV PATH=/opt/venv/bin:/opt/trainyard/bin:$PATH \
    PYTHONPATH=/opt/trainyard \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    TRAINYARD_DATA_DIR=/var/lib/trainyard \
    TRAINYARD_HOST=0.0.0.0
WORKDIR /var/lib/trainyard
ENTRYPOINT ["tini", "--", "python", "-m", "launch"]
LABEL org.opencontainers.image.title="Trainyard" \
      org.opencontainers.image.description="Trains Keras models from JSON specs and serves predictions." \
      org.opencontainers.image.documentation="docs/operations.md"

FROM runtime AS api-packages
COPY requirements/api.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/local/bin/python -m pip --cache-dir /root/.cache/pip --python /opt/venv/bin/python install \
        --require-hashes -r /requirements/api.txt \
    # NumPy brings its own tests, 17 MB of them.
    && find /opt/venv/lib/python3.*/site-packages/numpy -name tests -type d -prune -exec rm -rf {} +

FROM api-packages AS worker-packages
COPY requirements/worker.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/local/bin/python -m pip --cache-dir /root/.cache/pip --python /opt/venv/bin/python install \
        --require-hashes -r /requirements/worker.txt \
    # Headers and a C parser, needed only to build custom operations.
    && rm -rf /opt/venv/lib/python3.*/site-packages/tensorflow/include /opt/venv/lib/python3.*/site-packages/clang

FROM api-packages AS worker-gpu-packages
COPY requirements/worker-gpu.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/local/bin/python -m pip --cache-dir /root/.cache/pip --python /opt/venv/bin/python install \
        --require-hashes -r /requirements/worker-gpu.txt \
    # Headers and a C parser, needed only to build custom operations.
    && rm -rf /opt/venv/lib/python3.*/site-packages/tensorflow/include /opt/venv/lib/python3.*/site-packages/clang

FROM api-packages AS api
RUN remove-installers
COPY --from=project /opt/trainyard /opt/trainyard
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 CMD ["python", "-m", "launch", "healthy", "api"]
CMD ["api"]

FROM worker-packages AS worker
RUN remove-installers
COPY --from=project /opt/trainyard /opt/trainyard
USER 10001:10001
# /tmp is a tmpfs, so the file is private to this container.
ENV TRAINYARD_ALIVE_FILE=/tmp/trainyard-worker-alive \
    KERAS_HOME=/tmp/keras
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 CMD ["python", "-m", "launch", "healthy", "worker"]
CMD ["worker"]

FROM worker-gpu-packages AS worker-gpu
RUN remove-installers
COPY --from=project /opt/trainyard /opt/trainyard
USER 10001:10001
# /tmp is a tmpfs, so the file is private to this container.
ENV TRAINYARD_ALIVE_FILE=/tmp/trainyard-worker-alive \
    KERAS_HOME=/tmp/keras \
    # Read by NVIDIA's container runtime: the parts of the driver to mount.
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 CMD ["python", "-m", "launch", "healthy", "worker"]
CMD ["worker"]

FROM base AS proxy
RUN apt-get update \
    && apt-get install --yes --no-install-recommends haproxy \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
RUN remove-installers
COPY --chmod=0644 deploy/proxy/haproxy.cfg /etc/haproxy/haproxy.cfg
USER haproxy
EXPOSE 8080
# As in the official image: accept no new connections, finish the active ones.
STOPSIGNAL SIGUSR1
ENTRYPOINT ["haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg"]
LABEL org.opencontainers.image.title="Trainyard proxy" \
      org.opencontainers.image.description="Load-balances requests over the API containers."
