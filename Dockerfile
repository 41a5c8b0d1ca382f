# One image for every process type; docker-compose.yml says which runs what.
# The embedded servers are in it too: `docker run … python -m gateway.launch up --host 0.0.0.0` is a whole Atrium.
FROM python:3.12-slim AS build
COPY requirements.lock /tmp/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r /tmp/requirements.lock

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 atrium \
 && install --directory --owner atrium /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY schemas schemas
COPY rooms rooms
COPY store store
COPY ai_router ai_router
COPY gateway gateway
COPY workers workers
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ATRIUM_HOST=0.0.0.0 ATRIUM_HOME=/data
USER atrium
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "gateway"]
