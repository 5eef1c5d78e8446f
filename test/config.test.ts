import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Config, loadConfig } from "../src/config.ts";
import type { ConfigSource } from "../src/config/source.ts";
import { jsonSchema } from "../src/config/json-schema.ts";
import { databaseOf, queueOf } from "../src/config/servers.ts";
import { ConfigError } from "../src/config/problems.ts";
import { parse } from "yaml";
import { initTemplate } from "../src/commands/init-template.ts";
import { platforms } from "../src/connectors/registry.ts";

const meta = "connectors: { meta: { accessToken: EAAB } }\n";

const load = async (text: string, env: ConfigSource["env"] = {}, dotenv?: string): Promise<Config> => {
  const cwd = await mkdtemp(join(tmpdir(), "costper-config-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(join(cwd, "costper.yaml"), text);
  if (dotenv !== undefined) await writeFile(join(cwd, ".env"), dotenv);
  return loadConfig({ cwd, env });
};

const errorOf = async (...args: Parameters<typeof load>): Promise<ConfigError> => {
  const error: unknown = await load(...args).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return error as ConfigError;
};

const problemsOf = async (...args: Parameters<typeof load>): Promise<Record<string, string>> =>
  Object.fromEntries((await errorOf(...args)).problems.map(({ path, message }) => [path, message]));

test("a config with little in it gets the documented defaults, and cannot be changed", async () => {
  const config = await load(meta);
  expect(config).toMatchObject({
    timezone: "UTC",
    schedule: "30 3 * * *",
    alerts: [],
    notifiers: {},
    web: { host: "127.0.0.1", port: 8787 },
  });
  expect(config.database).toBeUndefined();
  expect(config.connectors["meta"]).toMatchObject({ conversions: ["purchase", "lead"] });
  expect(() => Object.assign(config.web, { port: 1 })).toThrow(TypeError);
});

test("database and queue are a URL, or one with what it does not say; every problem has its path", async () => {
  const config = await load(
    `${meta}database: { url: "postgres://app@h/db", password: "\${PASSWORD}", connections: "\${LIMIT}", ca: ca.pem }
queue: postgres://app@h:5433/db
`,
    { PASSWORD: "k9/v?t@1+zz#%41", LIMIT: "10" },
  );
  expect(databaseOf({ ...config, folder: "/etc/costper" })).toEqual({
    url: "postgres://app@h/db",
    password: "k9/v?t@1+zz#%41",
    connections: 10,
    ca: "/etc/costper/ca.pem",
  });
  expect(queueOf(config)).toMatchObject({ kind: "postgres", place: { url: "postgres://app@h:5433/db" } });
  expect(
    await problemsOf(
      `${meta}database: { url: "mysql://h/db", conections: 10, connections: 1 }\nqueue: amqp://h\n`,
    ),
  ).toEqual({
    "database.url": expect.stringContaining("must be a URL like postgresql://") as string,
    "database.conections": "is not a known key; did you mean connections?",
    "database.connections": "must be at least 3",
    queue: expect.stringContaining("must be a URL like redis://") as string,
  });
});

test("references are filled in: unquoted in braces, with defaults, and whatever characters a secret has", async () => {
  const secret = `a"b: {c} #d\n'e'`;
  const config = await load(
    `
timezone: "\${AREA}/\${CITY:-Paris}"
connectors: { meta: { accessToken: \${TOKEN}, appSecret: \${APP_SECRET:-} } }
web: { host: 127.0.0.1, port: \${PORT:-8788}, token: \${WEB_TOKEN:-} }
# a comment may name \${ANYTHING}
`,
    { TOKEN: secret, AREA: "Europe" },
  );
  expect(config.timezone).toBe("Europe/Paris");
  expect(config.connectors["meta"]).toMatchObject({ accessToken: secret });
  expect(config.connectors["meta"]).not.toHaveProperty("appSecret");
  expect(config.web).toEqual({ host: "127.0.0.1", port: 8788 });
});

test("a .env beside the config is read, and the real environment goes before it", async () => {
  const text = "connectors: { meta: { accessToken: ${A}, appSecret: ${B} } }";
  const { connectors } = await load(text, { A: "from the environment" }, "A=from the file\nB=kept\n");
  expect(connectors.meta).toMatchObject({ accessToken: "from the environment", appSecret: "kept" });
});

test.each([
  ["UTF-16, as PowerShell writes it", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le")],
  ["Latin-1", (text: string) => Buffer.from(`${text}# é\n`, "latin1")],
])("a file in %s is refused by its name", async (_, encode) => {
  const cwd = await mkdtemp(join(tmpdir(), "costper-config-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const refused = async () => {
    const error: unknown = await loadConfig({ cwd, env: {} }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  };
  const message = "is not UTF-8 text; save it as UTF-8";
  await writeFile(join(cwd, "costper.yaml"), encode(meta));
  expect(await refused()).toEqual([{ path: "costper.yaml", message }]);
  await writeFile(join(cwd, "costper.yaml"), `\ufeff${meta}`);
  await writeFile(join(cwd, ".env"), encode("TOKEN=x\n"));
  expect(await refused()).toEqual([{ path: ".env", message }]);
  await writeFile(join(cwd, ".env"), "\ufeffTOKEN=x\n");
  await expect(loadConfig({ cwd, env: {} })).resolves.toBeDefined();
});

test("--config goes before COSTPER_CONFIG, and a file that is not there is told with a way out", async () => {
  const source = { cwd: "/nowhere", env: { COSTPER_CONFIG: "b.yaml" } };
  await expect(loadConfig({ ...source, file: "a.yaml" })).rejects.toMatchObject({ file: "/nowhere/a.yaml" });
  const error: unknown = await loadConfig(source).catch((thrown: unknown) => thrown);
  expect((error as ConfigError).lines().join("\n")).toMatch(/b\.yaml: there is no such file.*costper init/);
});

test("a config that uses every key is taken as it stands", async () => {
  const env = Object.fromEntries(
    [
      ["DATABASE_URL", "postgresql://me:p%40ss@db.example:5432/costper"],
      ["REDIS_URL", "rediss://:pw@redis.example"],
    ].concat(["G_ID", "G_SECRET", "G_TOKEN", "M_TOKEN", "L_TOKEN"].map((name) => [name, name])),
  );
  const config = await load(
    `
database: \${DATABASE_URL}          # with a comment
queue: \${REDIS_URL}
reportingCurrency: EUR
timezone: Europe/Copenhagen
schedule: "30 3 * * *"
lookbackDays: 30
connectors:
  google:
    developerToken: \${G_DEVELOPER:-}   # optional
    clientId: \${G_ID}
    clientSecret: \${G_SECRET}
    refreshToken: \${G_TOKEN}
    loginCustomerId: "1234567890"
    accounts: ["111-222-3333"]
    conversions: [Purchase, 123456789]
    lookbackDays: 90
    endpoints: { api: "http://127.0.0.1:9001", oauth: "http://127.0.0.1:9001" }
  meta:
    accessToken: \${M_TOKEN}
    accounts: ["act_1"]
    conversions: [purchase, lead]
    attribution: [7d_click, 1d_view]
    apiVersion: v25.0
    endpoints: { graph: "http://127.0.0.1:9002/" }
  linkedin: { accessToken: \${L_TOKEN}, conversions: all, apiVersion: "202609" }
notifiers: {}
alerts: []
web: { host: 127.0.0.1, port: 8787, token: \${COSTPER_WEB_TOKEN:-} }
`,
    env,
  );
  expect(config).toMatchObject({
    database: env["DATABASE_URL"],
    queue: env["REDIS_URL"],
    lookbackDays: 30,
    connectors: {
      google: { conversions: ["Purchase", "123456789"], lookbackDays: 90 },
      meta: { endpoints: { graph: "http://127.0.0.1:9002" } },
    },
  });
  expect(config.connectors["google"]).not.toHaveProperty("developerToken");
});

test("account ids are kept bare, digit by digit, whichever way they are written", async () => {
  const { connectors } = await load(`
connectors:
  google: { clientId: a, clientSecret: b, refreshToken: c, loginCustomerId: 123-456-7890, accounts: [1112223333, "222-333-4444"] }
  meta: { accessToken: x, accounts: [act_12345678901234567890, 98765432109876543210] }
  linkedin: { accessToken: y, apiVersion: 202609, accounts: ["urn:li:sponsoredAccount:512345678", 512345679] }
`);
  expect(connectors.google).toMatchObject({
    loginCustomerId: "1234567890",
    accounts: ["1112223333", "2223334444"],
  });
  expect(connectors.meta?.accounts).toEqual(["12345678901234567890", "98765432109876543210"]);
  expect(connectors.linkedin).toMatchObject({ apiVersion: "202609", accounts: ["512345678", "512345679"] });
});

test("text that YAML takes for a number keeps every character, and a number is one however it is written", async () => {
  const { connectors, alerts, lookbackDays, web } = await load(`
lookbackDays: 0x1e
web: { port: 8.1e3, token: 12e4567890123456 }
connectors:
  meta: { accessToken: 0123456789, appSecret: 1.50, conversions: [purchase, 007] }
  x: { consumerKey: +45, consumerSecret: 0x1F, accessToken: b, accessTokenSecret: c, accounts: [18e5] }
alerts:
  - { name: 10e1, metric: spend, above: 1e3, minSpend: 40.10, currency: EUR, by: campaign, where: { campaign: 120208123456789012 } }
  - { name: b, metric: spend, above: .5, minSpend: +5, currency: EUR, where: { account: [120208123456789013, act_1, 0012] } }
`);
  expect({ lookbackDays, web }).toMatchObject({
    lookbackDays: 30,
    web: { port: 8_100, token: "12e4567890123456" },
  });
  expect(connectors.meta).toMatchObject({
    accessToken: "0123456789",
    appSecret: "1.50",
    conversions: ["purchase", "007"],
  });
  expect(connectors.x).toMatchObject({ consumerKey: "+45", consumerSecret: "0x1F", accounts: ["18e5"] });
  expect(alerts).toMatchObject([
    { name: "10e1", above: "1000", minSpend: "40.10", where: { campaign: "120208123456789012" } },
    { above: "0.5", minSpend: "5", where: { account: ["120208123456789013", "act_1", "0012"] } },
  ]);
});

test("a key that is no text is refused, and nothing of it gets into the log", async () => {
  const warned: string[] = [];
  const warn = (warning: Error): void => void warned.push(warning.message);
  process.on("warning", warn);
  onTestFinished(() => void process.off("warning", warn));
  await errorOf(`${meta}? [a, s3cret]\n: 1`);
  await new Promise(setImmediate);
  expect(warned).toEqual([]);
});

test.each<[why: string, text: string, path: string, message: RegExp]>([
  [
    "an unset variable names the key that wanted it",
    "connectors: { meta: { accessToken: ${NOPE} } }",
    "connectors.meta.accessToken",
    /wants NOPE, which is not set/,
  ],
  ["a missing secret", "connectors: { meta: {} }", "connectors.meta.accessToken", /^is missing/],
  ["a misspelt key", `${meta}timezon: UTC`, "timezon", /did you mean timezone\?/],
  [
    "a misspelt key further down",
    "connectors: { meta: { accesToken: x, accessToken: y } }",
    "connectors.meta.accesToken",
    /did you mean accessToken\?/,
  ],
  [
    "an unknown platform",
    meta.replace(" } }", " }, tiktok: {} }"),
    "connectors.tiktok",
    /known are google, meta, linkedin/,
  ],
  ["no platform at all", "connectors: {}", "connectors", /at least one of google, meta, linkedin/],
  ["an empty file", "", "connectors", /at least one/],
  ["a list where keys belong", "- a\n- b", "the file", /a section of keys/],
  ["a wrong kind of value", `${meta}lookbackDays: soon`, "lookbackDays", /must be a number/],
  [
    "a list with something else than ids",
    `${meta}alerts: [{ name: a, metric: spend, above: 1, where: { account: [true] } }]`,
    "alerts[0].where.account",
    /^must be a name or an id/,
  ],
  [
    "an id that is none",
    "connectors: { meta: { accessToken: x, accounts: [true] } }",
    "connectors.meta.accounts[0]",
    /no meta account id|^must be text or a number$/,
  ],
  ["half a day", `${meta}lookbackDays: 1.5`, "lookbackDays", /whole number/],
  ["too few days", `${meta}lookbackDays: 0`, "lookbackDays", /at least 1/],
  ["a schedule that is no cron", `${meta}schedule: at night`, "schedule", /cron/],
  ["a time zone that is none", `${meta}timezone: Europe/Atlantis`, "timezone", /IANA/],
  ["a currency that is none", `${meta}reportingCurrency: EURO`, "reportingCurrency", /ISO 4217/],
  ["a database that is no Postgres", `${meta}database: mysql://a:b@c/d`, "database", /postgresql:\/\//],
  ["a queue that is no Redis", `${meta}queue: http://a`, "queue", /redis:\/\//],
  ["an open port without a token", `${meta}web: { host: 0.0.0.0 }`, "web.host", /set web\.token/],
  [
    "a token of one character",
    `${meta}web: { tokens: [{ name: a, token: x }] }`,
    "web.tokens[0].token",
    /at least 16 letters/,
  ],
  [
    "a token that an address cannot hold",
    `${meta}web: { tokens: [{ name: a, token: "sixteen letters and spaces" }] }`,
    "web.tokens[0].token",
    /and nothing else/,
  ],
  [
    "a name that is taken",
    `${meta}web: { tokens: [{ name: a, token: aaaaaaaaaaaaaaaa }, { name: a, token: bbbbbbbbbbbbbbbb }] }`,
    "web.tokens[1].name",
    /web\.tokens\[0\] again/,
  ],
  [
    "a reader's token that is the operator's",
    `${meta}web: { token: aaaaaaaaaaaaaaaa, tokens: [{ name: a, token: aaaaaaaaaaaaaaaa }] }`,
    "web.tokens[0].token",
    /web\.token again/,
  ],
  [
    "a name like a key of the config",
    `${meta}web: { tokens: [{ name: web.token, token: aaaaaaaaaaaaaaaa }] }`,
    "web.tokens[0].name",
    /letters, digits, spaces/,
  ],
  [
    "a role that there is not",
    `${meta}web: { tokens: [{ name: a, token: aaaaaaaaaaaaaaaa, role: admin }] }`,
    "web.tokens[0].role",
    /reader, operator, feed/,
  ],
  [
    "a feed that nobody could see the page of",
    `${meta}web: { tokens: [{ name: a, token: aaaaaaaaaaaaaaaa, role: feed }] }`,
    "web.tokens",
    /add a reader/,
  ],
  [
    "an open port with a feed alone",
    `${meta}web: { host: 0.0.0.0, tokens: [{ name: a, token: aaaaaaaaaaaaaaaa, role: feed }] }`,
    "web.host",
    /set web\.token/,
  ],
  ["a port out of range", `${meta}web: { port: 70000 }`, "web.port", /at most 65535/],
  [
    "Google accounts of nine digits",
    "connectors: { google: { clientId: a, clientSecret: b, refreshToken: c, accounts: [111-222-333] } }",
    "connectors.google.accounts[0]",
    /ten digits/,
  ],
  [
    "an account named twice in two forms",
    "connectors: { meta: { accessToken: a, accounts: [act_1, 1] } }",
    "connectors.meta.accounts[1]",
    /accounts\[0\] again/,
  ],
  [
    "LinkedIn without any credentials",
    "connectors: { linkedin: {} }",
    "connectors.linkedin.accessToken",
    /all of clientId, clientSecret and refreshToken/,
  ],
  [
    "LinkedIn with one of three",
    "connectors: { linkedin: { clientId: a, clientSecret: b } }",
    "connectors.linkedin.refreshToken",
    /is missing/,
  ],
  [
    "Meta windows that do not exist",
    "connectors: { meta: { accessToken: a, attribution: [30d_click] } }",
    "connectors.meta.attribution[0]",
    /one of 1d_click, 7d_click/,
  ],
  [
    "an endpoint in the clear",
    "connectors: { meta: { accessToken: a, endpoints: { graph: http://example.com } } }",
    "connectors.meta.endpoints.graph",
    /https/,
  ],
  ["a reference with a broken name", `${meta}timezone: "\${my zone}"`, "timezone", /neither \$\{NAME\}/],
  [
    "cpc as a metric",
    `${meta}alerts: [{ name: a, metric: cpc, above: 1 }]`,
    "alerts[0].metric",
    /cost_per_conversion.*cost_per_click/,
  ],
  ["cpc as a key", `${meta}cpc: 1`, "cpc", /cost_per_conversion.*cost_per_click/],
])("%s is told with its path and a remedy", async (_, text, path, message) => {
  const problems = await problemsOf(text);
  expect(Object.keys(problems)).toEqual([path]);
  expect(problems[path]).toMatch(message);
});

test("every problem is told at once, each by its path", async () => {
  const problems = await problemsOf(
    `
reportingCurrency: euro
lookbakDays: 3
connectors:
  google: { clientId: \${GOOGLE_ID}, clientSecret: x, accounts: ["12"] }
  linkedin: { clientId: a, speed: fast }
web: { host: 0.0.0.0 }
alerts: [{ name: a, metric: cpc }]
`,
  );
  expect(Object.keys(problems).sort()).toEqual([
    "alerts[0]",
    "alerts[0].metric",
    "connectors.google.accounts[0]",
    "connectors.google.clientId",
    "connectors.google.refreshToken",
    "connectors.linkedin.clientSecret",
    "connectors.linkedin.refreshToken",
    "connectors.linkedin.speed",
    "lookbakDays",
    "reportingCurrency",
    "web.host",
  ]);
});

test.each([
  ["a tab", "a: 1\nb:\n\t- s3cret", 3],
  ["an open quote", 'connectors:\n  meta: "s3cret', 2],
  ["an open brace", "web: { token: s3cret", 1],
  ["a key twice", "timezone: UTC\ntimezone: s3cret", 2],
  ["an alias to nowhere", "a: 1\nb: *s3cret", 2],
  ["an alias to what it stands in", "a: 1\nb: &s3cret [*s3cret]", 2],
  ["an alias to a section around it", "a: 1\nb: &s3cret\n  c: [1, { d: *s3cret }]", 3],
  ["a tag that nobody knows", "a: 1\nb: !s3cret x", 2],
])("%s is a syntax error told by its line, quoting nothing", async (_, text, line) => {
  const error = await errorOf(text);
  expect(error.problems.map(({ path }) => path)).toContain(`costper.yaml:${String(line)}`);
  expect(error.lines().join("\n")).not.toContain("s3cret");
});

test("no secret stands in a message, however wrong the rest is", async () => {
  const error = await errorOf(
    `
database: s3cret-database
queue: s3cret-queue
connectors:
  google: { clientId: [s3cret], clientSecret: { a: s3cret }, refreshToken: \${R}, developerToken: [s3cret-d] }
  meta: { accessToken: [s3cret-m], appSecret: "\${no s3cret-a" }
  linkedin: { accessToken: { s3cret: s3cret } }
web: { host: 0.0.0.0, port: s3cret, token: [s3cret-w], tokens: [{ name: 1, token: s3cret-t }, { name: "s3cret-n!", token: s3cret-t }] }
`,
    { R: "s3cret-r" },
  );
  expect(error.problems.length).toBeGreaterThan(6);
  expect(error.lines().join("\n")).not.toContain("s3cret-");
});

test("the config that init writes is accepted once its variables are filled in", async () => {
  const env = Object.fromEntries(
    initTemplate("/nowhere").environment.map(([name]) => [
      name,
      /URL|GOOGLE_ADS_DEVELOPER|APP_SECRET/.test(name) ? "" : "filled",
    ]),
  );
  const config = await load(initTemplate("/nowhere").config, env);
  expect(Object.keys(config.connectors)).toEqual(platforms);
  expect(config.database).toBeUndefined();
});

test("whatever of init's config is taken out of its comments, the file is YAML, with each key once", () => {
  const { config } = initTemplate("/nowhere");
  const whole = config.replaceAll(/^# (?=[a-zA-Z]+:(?: |$)(?! [a-z])|  )/gm, "");
  const keys = Object.keys(parse(whole) as object);
  expect(keys).toEqual(expect.arrayContaining(["sources", "notifiers", "alerts", "digest", "targets"]));
  expect(parse(whole)).toMatchObject({ alerts: [{ notify: ["team"] }, { notify: ["ops"] }] });
});

test("costper.schema.json is what the settings say today", async () => {
  const shipped = JSON.parse(
    await readFile(join(import.meta.dirname, "..", "costper.schema.json"), "utf8"),
  ) as unknown;
  expect(shipped, "run npm run schema").toEqual(jsonSchema());
});

test("a breakdown that a platform lacks is answered with those that it has, or with why it has none", async () => {
  const problems = await problemsOf(`connectors:
  google: { clientId: a, clientSecret: b, refreshToken: c, breakdowns: [device, network] }
  linkedin: { accessToken: d, breakdowns: [device] }
`);
  expect(problems).toEqual({
    "connectors.google.breakdowns[1]": "must be one of device, country, keyword, search_term",
    "connectors.linkedin.breakdowns": expect.stringContaining(
      "the platform has no breakdowns, since LinkedIn's",
    ),
  });
});
