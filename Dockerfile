# A small image that runs as nobody, keeps its state in /data, and stops in good order on SIGTERM.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/flowbot
COPY requirements.lock .
RUN /opt/flowbot/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE CHANGELOG.md config.example.yaml ./
COPY bot bot
RUN /opt/flowbot/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
COPY --from=build /opt/flowbot /opt/flowbot
ENV PATH=/opt/flowbot/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --create-home --home-dir /data flowbot
USER flowbot
WORKDIR /data
# /data/config.yaml (read-only is fine), /data/.env or the environment, /data/state (the store: keep it in a volume).
VOLUME /data/state
HEALTHCHECK --interval=30s --timeout=3s --start-period=15s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["flowbot"]
CMD ["run", "-c", "/data/config.yaml"]
