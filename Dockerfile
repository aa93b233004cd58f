# One image for every process of Encke: docker run … encke gateway | ingest | cometql | worker
ARG NODE_IMAGE=node:22-bookworm-slim

# Only the manifests, so that the dependencies below are installed again only when one of these changes.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY packages packages
RUN find packages -type f ! -path 'packages/*/package.json' -delete

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY --from=manifests /src ./
RUN npm ci --loglevel=error
COPY tsconfig.base.json tsconfig.json ./
COPY packages packages
RUN npm run build --silent && rm -rf packages/*/node_modules packages/testing

# What the processes need to run, and nothing else: no sources, tests, types, maps or development tools.
FROM ${NODE_IMAGE} AS runtime
WORKDIR /src
COPY --from=manifests /src ./
RUN npm ci --omit=dev --loglevel=error --workspace=encke --workspace=@encke/client \
  && rm -rf packages/testing node_modules/@encke/testing node_modules/playwright-core node_modules/.package-lock.json \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' -o -name '*.test.*' -o -name '*.tsbuildinfo' \) ! -iname 'licen[cs]e*' ! -iname 'notice*' ! -iname 'copying*' -delete
COPY --from=build /src/packages packages
RUN rm -rf packages/*/src packages/*/tsconfig* packages/client/bin packages/client/dist/lib \
  && find packages -path '*/dist/*' -type f \( -name '*.d.ts' -o -name '*.js.map' \) ! -path 'packages/client/dist/browser/*' -delete

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title=Encke \
      org.opencontainers.image.description="A comet server made of many small nodes" \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.licenses=Apache-2.0
# The processes write nothing to disk: run them with a read-only root.
ENV NODE_ENV=production ENCKE_HOST=0.0.0.0
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=runtime /src/node_modules node_modules
COPY --from=runtime /src/packages packages
RUN ln -s /app/packages/encke/bin/encke.mjs /usr/local/bin/encke
USER node
EXPOSE 8087 8080 3307 9464
# Alive, not ready: a process that waits for Redis must not be killed for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "packages/encke/bin/health.mjs"]
# The process is PID 1 itself, without a shell or an init in between: it handles SIGTERM, and it has no children.
ENTRYPOINT ["encke"]
CMD ["--help"]
