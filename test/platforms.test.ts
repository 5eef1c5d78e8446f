import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import "./support/pigeon/register.ts";
import { sandboxNames } from "../sandbox/platforms.ts";
import { listen, type SandboxServer } from "../sandbox/server.ts";
import { parseConfig } from "../src/config.ts";
import { ConfigError } from "../src/config/problems.ts";
import { platforms, profiles, registerPlatform } from "../src/connectors/registry.ts";
import { secretSettings } from "../src/connectors/secrets.ts";
import { addDays, dayAt } from "../src/domain/day.ts";
import { createLog } from "../src/log.ts";
import { type Database, openDatabase } from "../src/warehouse/database.ts";
import { openWeb } from "../src/web/server.ts";
import { createDatabase } from "./support/database.ts";
import { pigeon } from "./support/pigeon/platform.ts";
import { createPigeonSandbox, pigeonDay, pigeonKey } from "./support/pigeon/sandbox.ts";
import { silentLog } from "./support/web.ts";

const src = join(import.meta.dirname, "..", "src");

/** Where platforms may be named outside their folders, and why. Anything else asks the registry. */
const mayName: Readonly<Record<string, string>> = {
  "connectors/registry.ts": "one line a platform",
  "connectors/platform.ts": "examples in comments",
  "connectors/wire/google-cloud.ts": "the front end of Google Cloud, which GA4 and Google Ads share",
  "warehouse/schema.ts": "generated from the comments of the warehouse",
  "domain/platform.ts": "an example in a comment",
  "config/problems.ts": "an example in a comment",
  "connectors/wire/google-consent.ts": "Google's own consent page, which its ads and GA4 share",
  "commands/connect.ts": "examples in the help",
  "commands/init.ts": "examples in the help",
  "web/page-platforms.ts": "an example in a comment",
  "commands/account-pauses.ts": "examples in the help",
  "commands/accounts.ts": "examples in the help",
  "commands/alerts.ts": "examples in the help",
  "commands/import.ts": "examples in the help",
  "commands/sync.ts": "examples in the help",
  "commands/init-template.ts": "an example of an alert",
  "commands/demo-alerts.ts": "alerts of the demo, on what its sandboxes are sure to do",
  "commands/demo-nights.ts": "tells how Google fails one night, and which platform is slow",
  "metrics/channels/click-ids.ts":
    "click ids, sources and hosts of the trade, also of platforms that are not pulled",
  "metrics/channels/classify.ts": "rules of the trade about click ids and hosts",
  "metrics/channels/referrer.ts": "hosts of search engines",
  "metrics/channels/overlay.ts": "hosts of assistants and search engines",
  "metrics/channels/normalize.ts": "a source of the published lists",
  "imports/kinds/conversions.ts": "an example row of the template",
  "imports/kinds/leads.ts": "an example row of the template",
  "sources/hubspot/contacts.ts": "names of HubSpot's own properties",
  "imports/formats.ts": "names of file formats and columns that other products write",
};

/** Whether the text names a platform; what only looks like one is taken out first. */
const namesPlatform = (text: string): boolean =>
  /google|meta|linkedin|microsoft/.test(text.replaceAll(/import\.meta|<meta |metaKey|metadata/g, ""));

test("outside its folder a platform is named in the registry and where a reason is given, nowhere else", async () => {
  const files = (await readdir(src, { recursive: true })).filter((name) => /\.tsx?$/.test(name));
  const folders = [...sandboxNames, "ga4"].map((name) => `connectors/${name}/`);
  const elsewhere = files.filter((file) => !folders.some((folder) => file.startsWith(folder)));
  expect(elsewhere.length).toBeGreaterThan(100);
  const naming: string[] = [];
  for (const file of elsewhere) if (namesPlatform(await readFile(join(src, file), "utf8"))) naming.push(file);
  expect(naming.toSorted()).toEqual(Object.keys(mayName).toSorted());
});

test("the page's style and document name no platform", async () => {
  for (const file of ["style.css", "index.html"]) {
    expect(namesPlatform(await readFile(join(src, "web", "page", file), "utf8"))).toBe(false);
  }
});

test("every platform of the registry has its sandbox, in the same order", () => {
  expect(platforms.filter((name) => name !== "pigeon")).toEqual(sandboxNames);
});

test("a platform's part of the template is its section, and names each of its variables", () => {
  for (const { name, template, secrets } of profiles()) {
    expect(template.yaml).toMatch(new RegExp(`^  ${name}:\n`));
    expect(template.yaml.endsWith("\n")).toBe(true);
    const used = [...template.yaml.matchAll(/^ +\w+: .*\$\{([A-Z_]+)/gm)].map(([, variable]) => variable);
    expect(template.environment.map(([variable]) => variable)).toEqual(used);
    expect(secrets.length).toBeGreaterThan(0);
  }
});

test("a name is taken once, and is fit for columns, addresses and styles", () => {
  const load = () => import("./support/pigeon/connector.ts");
  expect(() => registerPlatform(pigeon, load)).toThrow("there is a platform pigeon already");
  expect(() => registerPlatform({ ...pigeon, name: "Carrier-Pigeon" }, load)).toThrow("lower-case letters");
});

test("what a profile calls secret is cut out of log lines", async () => {
  let logged = "";
  const log = await createLog({
    secrets: secretSettings(),
    format: "json",
    stream: { write: (line) => void (logged += line) },
  });
  log.info({ key: "hush", settings: { key: "hush" }, account: "a1" }, "opened");
  expect(logged).toContain('"account":"a1"');
  expect(logged).not.toContain("hush");
});

const problemsOf = (section: object): readonly string[] => {
  try {
    parseConfig(stringify({ connectors: { pigeon: section } }), "/nowhere/costper.yaml", {});
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
};

test("a platform's own rules are told in one go with those of its schema, and its ids are kept bare", () => {
  const config = parseConfig(
    stringify({ connectors: { pigeon: { key: "k", accounts: ["loft-a1", "b2"], keeper: "loft-z9" } } }),
    "/nowhere/costper.yaml",
    {},
  );
  expect(config.connectors["pigeon"]).toMatchObject({ accounts: ["a1", "b2"], keeper: "z9" });
  expect(
    problemsOf({ key: "k", ring: "k", accounts: ["LOFT", "a1", "loft-a1"], keeper: "?", wings: 2 }),
  ).toEqual([
    "connectors.pigeon.accounts[0]: is no pigeon account id: must be lower-case letters and digits, with or without loft-",
    "connectors.pigeon.accounts[2]: names the account of accounts[1] again; remove one",
    "connectors.pigeon.keeper: is no pigeon account id: must be lower-case letters and digits, with or without loft-",
    "connectors.pigeon.ring: is the key again; give the ring's own number",
    expect.stringContaining("connectors.pigeon.wings: is not a known key"),
  ]);
});

describe("a platform that is in no list of src", () => {
  const to = addDays(dayAt(new Date(), "UTC"), -1);
  const from = addDays(to, -3);
  const world: { server?: SandboxServer; database?: Database; drop?: () => Promise<void>; url: string } = {
    url: "",
  };
  let folder = "";

  /** The command line as people run it; all that knows of the platform is loaded ahead of it. */
  const costper = (cwd: string, args: string): Promise<{ status: number | null; out: string; err: string }> =>
    new Promise((ended, reject) => {
      const register = pathToFileURL(join(import.meta.dirname, "support", "pigeon", "register.ts")).href;
      const ahead = ["--import", import.meta.resolve("tsx"), "--import", register];
      const child = spawn(process.execPath, [...ahead, join(src, "cli.ts"), ...args.split(" ")], {
        cwd,
        env: { PATH: process.env["PATH"], HOME: cwd },
      });
      let out = "";
      let err = "";
      child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
      child.once("error", reject);
      child.once("close", (status) => ended({ status, out, err }));
    });

  const rows = async (sql: string): Promise<unknown[]> => (await world.database?.pool.query(sql))?.rows ?? [];

  let synced: Awaited<ReturnType<typeof costper>>;

  beforeAll(async () => {
    world.server = await listen(createPigeonSandbox());
    const { url, drop } = await createDatabase();
    Object.assign(world, { drop, url, database: openDatabase(url, { connections: 4 }) });
    folder = await mkdtemp(join(tmpdir(), "costper-pigeon-"));
    await writeFile(
      join(folder, "costper.yaml"),
      stringify({
        database: url,
        connectors: { pigeon: { key: pigeonKey, endpoints: { api: world.server.url } } },
        alerts: [
          {
            name: "dear-pigeons",
            metric: "cost_per_conversion",
            by: "account",
            where: { platform: "pigeon", account: "loft-a1" },
            window: "2d",
            above: 5,
            currency: "EUR",
          },
        ],
      }),
    );
    synced = await costper(folder, `sync --json --verbose --from ${from} --to ${to}`);
  }, 120_000);

  afterAll(async () => {
    await world.database?.close();
    await world.drop?.();
    await world.server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("has its part in what init writes", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "costper-pigeon-init-"));
    onTestFinished(() => rm(cwd, { recursive: true, force: true }));
    expect(await costper(cwd, "init")).toMatchObject({ status: 0 });
    expect(await readFile(join(cwd, "costper.yaml"), "utf8")).toContain(
      "  pigeon:\n    key: ${PIGEON_KEY}\n",
    );
    expect(await readFile(join(cwd, ".env"), "utf8")).toContain("# the keeper has it\nPIGEON_KEY=\n");
  });

  test("is checked by doctor", async () => {
    const { out } = await costper(folder, "doctor");
    expect(out).toMatch(/ok +pigeon +credentials work; 3 of 3 accounts active/);
  });

  test("is synced and rolled up to its own figures, without its secret in the log", async () => {
    expect(synced.err).toContain('"platform":"pigeon"');
    expect(synced).toMatchObject({ status: 0, err: expect.not.stringContaining(pigeonKey) as string });
    const days = await rows(`
      select account_id, currency, count(*)::int as days, sum(spend)::text as spend, sum(conversions)::text as conversions
      from marts.cost_per_conversion_daily where platform = 'pigeon' group by 1, 2 order by 1`);
    const figures = { days: 4, spend: "49.360000", conversions: "8.000000" };
    expect(days).toEqual([
      { account_id: "a1", currency: "EUR", ...figures },
      { account_id: "a1:USD", currency: "USD", ...figures },
      { account_id: "b2", currency: "EUR", ...figures },
    ]);
    expect(await rows("select distinct state from ops.account_day where platform = 'pigeon'")).toEqual([
      { state: "complete" },
    ]);
    expect(await costper(folder, "rollup")).toMatchObject({ status: 0 });
    expect(await costper(folder, `reconcile --from ${from} --to ${to}`)).toMatchObject({ status: 0 });
  });

  test("has an account that its own id names with all its parts, and each part by itself", async () => {
    const accountsOf = async (written: string): Promise<string[]> => {
      const { out } = await costper(
        folder,
        `sync --json --quiet --account ${written} --from ${to} --to ${to}`,
      );
      const { slices } = JSON.parse(out) as { slices: readonly { account_id: string }[] };
      return slices.map(({ account_id }) => account_id).toSorted();
    };
    expect(await accountsOf("loft-a1")).toEqual(["a1", "a1:USD"]);
    expect(await accountsOf("a1:USD")).toEqual(["a1:USD"]);
    expect(await costper(folder, "sync --account Q")).toMatchObject({ status: 2 });
  });

  test("sets off alerts for the accounts that a rule names", async () => {
    expect(await costper(folder, "alerts check")).toMatchObject({ status: 0 });
    const { out } = await costper(folder, "alerts list --json");
    const { alerts } = JSON.parse(out) as { alerts: readonly Record<string, unknown>[] };
    expect(
      alerts.map(({ rule, state, labels }) => [
        rule,
        state,
        (labels as Record<string, string>)["account_id"],
      ]),
    ).toEqual([
      ["dear-pigeons", "firing", "a1"],
      // Without a rate its dollars cannot be judged in euro.
      ["dear-pigeons", "no_data", "a1:USD"],
    ]);
  });

  test("has its name and its ad groups in ad_reporting", async () => {
    expect(
      await rows(
        `select distinct platform, ad_group_id, ad_group_name from ad_reporting.ad_reporting__ad_report`,
      ),
    ).toEqual([{ platform: "carrier_pigeon_ads", ad_group_id: "c1", ad_group_name: "Bread crumbs" }]);
    expect(await rows(`select distinct platform from ad_reporting.ad_reporting__account_report`)).toEqual([
      { platform: "carrier_pigeon_ads" },
    ]);
  });

  test("brings the channel of its campaigns to imported conversions", async () => {
    const file = join(folder, "conversions.csv");
    await writeFile(
      file,
      `conversion_id,conversion_name,converted_at,source,medium,campaign_id\n1,order,${to}T10:00:00Z,flock,social,c1\n`,
    );
    expect(await costper(folder, `import conversions ${file}`)).toMatchObject({ status: 0 });
    expect(
      await rows(
        "select platform, channel, traffic, joined_campaign_id from warehouse.first_party_conversion",
      ),
    ).toEqual([{ platform: "pigeon", channel: "Paid Video", traffic: "paid", joined_campaign_id: "c1" }]);
  });

  test("is in the page's filter, with its name and colour, and the API answers for it", async () => {
    if (!world.database) throw new Error("there is no database");
    const web = await openWeb({
      config: { web: { host: "127.0.0.1", port: 0 } },
      db: world.database.db,
      log: silentLog,
    });
    onTestFinished(() => web.close());
    const page = await (await fetch(web.url)).text();
    const list = /id="platforms">(.*?)<\/script>/.exec(page)?.[1] ?? "";
    expect(JSON.parse(list)).toContainEqual({ name: "pigeon", label: "Pigeon <Post>" });
    const sheet = /\/assets\/platforms-[0-9a-f]+\.css/.exec(page)?.[0] ?? "";
    const style = await (await fetch(new URL(sheet, web.url))).text();
    expect(style).toContain(`--pigeon:${pigeon.colour.light};`);
    expect(style).toContain(`--pigeon:${pigeon.colour.dark};`);
    const breakdown = await fetch(new URL("/api/breakdown?by=platform&platform=pigeon", web.url));
    expect(breakdown.status).toBe(200);
    expect(JSON.stringify(await breakdown.json())).toContain(`"spend":"98.72`);
    const changes = await fetch(
      new URL("/api/annotations?from=2026-01-01&to=2026-01-31&platform=pigeon", web.url),
    );
    expect(await changes.json()).toEqual({
      annotations: [{ kind: "platform", platform: "pigeon", ...pigeon.changes[0] }],
    });
    const unknown = await fetch(new URL("/api/overview?platform=dodo", web.url));
    expect(await unknown.text()).toContain(`is none of ${[...sandboxNames, "pigeon"].join(", ")}`);
  });

  test("is in the report", async () => {
    const { out } = await costper(
      folder,
      `report --platform pigeon --by platform --from ${from} --to ${to} --format csv`,
    );
    expect(out).toContain("pigeon");
    expect(out).toContain("EUR");
    expect(Number(pigeonDay.spend) * 8).toBeCloseTo(98.72);
  });
});
