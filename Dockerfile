# graphrec's command line, for use beside a Neo4j (see docker-compose.yml).
FROM python:3.12-slim

RUN useradd --create-home graphrec && mkdir /home/graphrec/home && chown graphrec /home/graphrec/home
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY graphrec graphrec
COPY loaders loaders
COPY cypher cypher
RUN pip install --no-cache-dir .

USER graphrec
WORKDIR /home/graphrec
ENTRYPOINT ["graphrec"]
CMD ["doctor"]
