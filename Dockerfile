# syntax=docker/dockerfile:1

ARG NODE=node:24-slim

# Everything to build and to run a devnet. Install scripts stay off: they only fetch the Node that this image is, and an
# anvil that its platform package has brought already.
FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN node_modules/.bin/tsc -p tsconfig.build.json

# What runs in production, and nothing else.
FROM ${NODE} AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

# Three real nodes of one chain, for the compose file.
FROM build AS devnet
USER 65532:65532
EXPOSE 8545 8546 8547
CMD ["node", "dist/devnet/run.js", "0.0.0.0", "8545"]

FROM ${NODE} AS headgate
LABEL org.opencontainers.image.title="headgate" \
      org.opencontainers.image.description="A JSON-RPC load-balancing reverse proxy for Ethereum nodes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
ENV NODE_ENV=production \
    HEADGATE_CONFIG=/etc/headgate/headgate.yaml \
    HEADGATE_HOST=0.0.0.0 \
    HEADGATE_OPS_HOST=0.0.0.0
WORKDIR /app
COPY --from=modules /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json config.schema.json config.example.yaml LICENSE ./
USER 65532:65532
EXPOSE 8545 9545
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["node", "dist/main.js", "healthcheck"]
# Without words it runs from the file above; URLs after the image's name are a pool without one. Another file is named by
# HEADGATE_CONFIG and not by -c, of which the health check would not know.
ENTRYPOINT ["node", "--enable-source-maps", "dist/main.js"]
