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
USER 64100:64100
WORKDIR /app
ENTRYPOINT ["/usr/local/bin/node"]
CMD ["/app/cli.cjs"]
