# Built in one image, run in another: neither sources nor compilers reach production.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Install scripts are for the embedded Postgres and for building from a checkout; here the build comes below.
# The build needs optional packages: esbuild's program is one.
RUN npm ci --ignore-scripts
COPY . .
# The image needs none: its database is always another service, so the embedded Postgres stays out.
RUN npm run build && npm prune --omit=dev --omit=optional --ignore-scripts && mkdir -p data

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/costper.schema.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/migrations ./migrations
COPY --from=build /app/data ./data
USER node
EXPOSE 8787
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["start"]
