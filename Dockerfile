FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements/base.lock requirements/base.lock
RUN python -m venv /opt/deskpulse && /opt/deskpulse/bin/pip install --no-cache-dir --require-hashes -r requirements/base.lock
COPY pyproject.toml README.md LICENSE settings.example.env kpi.example.toml ./
COPY connectors connectors
COPY kpi kpi
COPY storage storage
COPY sync sync
RUN pip install --no-cache-dir hatchling && pip wheel --no-cache-dir --no-deps --no-build-isolation -w /wheels . \
    && /opt/deskpulse/bin/pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home --home-dir /var/lib/deskpulse deskpulse
COPY --from=build /opt/deskpulse /opt/deskpulse
ENV PATH=/opt/deskpulse/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /var/lib/deskpulse
VOLUME /var/lib/deskpulse
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s --interval=60s --timeout=10s CMD ["deskpulse", "health"]
ENTRYPOINT ["deskpulse"]
CMD ["run"]
