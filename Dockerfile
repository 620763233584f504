# One image for web, worker, beat and every management command; docker-compose.yml says which is which.
FROM python:3.12-slim-bookworm AS environment
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /srv/portal
RUN pip install --no-cache-dir "uv==0.9.*"
COPY pyproject.toml uv.lock ./
# What of `[project.optional-dependencies]` is wanted, such as meaning.
ARG EXTRAS=""
RUN uv sync --frozen --no-dev ${EXTRAS:+--extra "$EXTRAS"}

FROM python:3.12-slim-bookworm
ENV PATH=/srv/portal/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MEDIA_ROOT=/data/media \
    STATIC_ROOT=/srv/static
WORKDIR /srv/portal
# For the service that runs what learners wrote (docs/grader.md); no other uses it.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends bubblewrap && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal \
    && install -d -o portal -g portal /data /data/media /data/backups
COPY --from=environment /srv/portal/.venv .venv
COPY . .
# The settings refuse to start without these; none of them is in the image that results.
RUN SECRET_KEY=only-while-the-image-is-built-and-never-again \
    ALLOWED_HOSTS=build.example SITE_URL=https://build.example \
    DATABASE_URL=postgres://none@localhost/none REDIS_URL=redis://localhost/0 \
    python manage.py collectstatic --no-input --verbosity 0
USER 10001
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "mlclub.wsgi", "--preload", "--bind", "0.0.0.0:8000", "--workers", "3", "--worker-class", "gthread", "--threads", "4", "--graceful-timeout", "20", "--access-logfile", "-", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
