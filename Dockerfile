# Crumbtrail as an image: two stages, an ordinary user, nothing written outside /data and /tmp.
# Not built on the machine it was written on, which has no container engine; see docs/install.md.
# Pin both tags by digest in your own build: python:3.13-slim-bookworm@sha256:…
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /venv && /venv/bin/pip install -r requirements.txt

FROM python:3.13-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    INSTANCE_PATH=/data \
    LOG_FORMAT=json
RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin crumbtrail \
    && install -d -m 0700 -o crumbtrail -g crumbtrail /data
COPY --from=build /venv /venv
WORKDIR /app
COPY pyproject.toml app.py LICENSE NOTICE ./
COPY migrations ./migrations
COPY templates ./templates
COPY static ./static
COPY consent ./consent
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["python", "-m", "flask", "--app", "app", "serve"]
