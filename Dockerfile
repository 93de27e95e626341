# The image for those who build with a container engine; `npm run image` makes the same one without.
FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-progress
COPY . .
RUN npm run bundle

FROM node:24-slim
LABEL org.opencontainers.image.title="remora" org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
RUN groupadd --gid 64100 remora && useradd --uid 64100 --gid 64100 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin remora
COPY --from=build /src/dist/*.cjs /src/dist/*.txt /app/
# The code caches of the long-running programs, by the user who will run them; without their environment they end at once.
ENV NODE_COMPILE_CACHE=/app/compile-cache NODE_COMPILE_CACHE_PORTABLE=1
RUN install --directory --owner=64100 --group=64100 /app/compile-cache
USER 64100:64100
WORKDIR /app
RUN for program in sidecar operator; do node /app/$program.cjs 2>/dev/null; done; test -n "$(ls -A /app/compile-cache)"
ENTRYPOINT ["/usr/local/bin/node"]
CMD ["/app/cli.cjs"]
