import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { createHubspotSandbox, hubspotSandboxSettings, plantedPerson } from "../../sandbox/hubspot/index.ts";
import {
  createLiveagentSandbox,
  liveagentSandboxSettings,
  plantedCustomer,
} from "../../sandbox/liveagent/index.ts";
import { listen } from "../../sandbox/server.ts";
import { freshDatabase } from "../support/database.ts";
import { rows, tablesWith, tempFolder } from "./support.ts";

const cli = join(import.meta.dirname, "..", "..", "src", "cli.ts");

/** Runs a command; temporary files go into the folder, too. */
const costper = (cwd: string, ...args: readonly string[]): Promise<{ status: number | null; said: string }> =>
  new Promise((ended, reject) => {
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), cli, ...args], {
      cwd,
      env: { PATH: process.env["PATH"], HOME: cwd, TMPDIR: join(cwd, "tmp") },
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.once("error", reject);
    child.once("close", (status) => ended({ status, said }));
  });

test("nothing of the people of a CRM and a help desk is in the database, in a file or in what is said; and a lead that is forgotten leaves its counts alone", async () => {
  const database = await freshDatabase();
  const clock = () => new Date();
  const crm = createHubspotSandbox({ clock, rateLimit: 100_000 });
  const desk = createLiveagentSandbox({ clock });
  const [crmServer, deskServer] = await Promise.all([listen(crm), listen(desk)]);
  onTestFinished(async () => {
    await Promise.all([crmServer.close(), deskServer.close()]);
  });
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  const person = plantedPerson("5120277701");
  const address = encodeURIComponent(person.email);
  crm.world.addContact("5120277701", yesterday, {
    lifecyclestage: "marketingqualifiedlead",
    hs_analytics_first_url: `https://shop.example/?utm_source=google&utm_medium=cpc&utm_content=${address}&email=${address}&gclid=Cj0forgotten`,
    hs_analytics_first_referrer: `https://mail.example/${person.lastname}`,
  });
  crm.world.addContact("7", yesterday);
  crm.world.addDeal("9030277702", yesterday, { dealstage: "closedwon", amount: "123.45" }, "5120277701");
  desk.addCall({ id: "c", type: "I", at: yesterday, answeredAt: yesterday });
  desk.addTicket({ id: "t", channel: "E", status: "N", at: yesterday });
  const folder = await tempFolder();
  await mkdir(join(folder, "tmp"));
  const sources = {
    crm: { ...hubspotSandboxSettings(crmServer.url), leads: { emailHash: true } },
    support: liveagentSandboxSettings(deskServer.url),
  };
  await writeFile(
    join(folder, "costper.yaml"),
    stringify({ database: database.url, reportingCurrency: "EUR", sources }),
  );

  const said: string[] = [];
  const does = async (...args: readonly string[]) => {
    const ran = await costper(folder, ...args);
    expect([args[0], ran.status, ran.said.slice(-300)]).toEqual([args[0], 0, expect.anything()]);
    said.push(ran.said);
  };
  await does("sync", "--verbose");
  await does("doctor");
  await does("sources", "--json");
  const filesWith = async (word: string): Promise<readonly string[]> => {
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = names
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    const texts = await Promise.all(
      files.map(async (file) => [file, await readFile(file, "latin1")] as const),
    );
    return texts.filter(([, text]) => text.includes(word)).map(([file]) => file);
  };
  const numbers = [person.phone, plantedCustomer.fromNumber].flatMap((number) => [
    number,
    number.replaceAll(/\D/g, "").slice(2),
  ]);
  const { fromName, owner_email, owner_name, subject } = plantedCustomer;
  const words = [
    "Planted",
    "planted",
    "Agathe",
    "agathe",
    fromName,
    owner_email,
    owner_name,
    subject,
    ...numbers,
  ];
  const traces = async (word: string) => ({
    tables: await tablesWith(database, word),
    files: await filesWith(word),
    said: said.some((text) => text.includes(word)),
  });
  const none = { tables: [], files: [], said: false };
  for (const word of words) expect([word, await traces(word)]).toEqual([word, none]);
  // The search finds what is there.
  expect(await tablesWith(database, "Cj0forgotten")).not.toEqual([]);
  expect(await filesWith("hubspot")).not.toEqual([]);

  const figures = () =>
    rows(
      database,
      `select kpi, dimensions, date::text, numerator, denominator from marts.kpi_daily order by 1, 2, 3`,
    );
  const days = () =>
    rows(
      database,
      `select date::text, count(*)::int as leads, count(qualified_date)::int as qualified from warehouse.lead group by 1`,
    );
  const before = [await figures(), await days()];
  said.length = 0;
  await does("forget", "5120277701", "--source", "crm");
  expect([await figures(), await days()]).toEqual(before);
  for (const word of ["5120277701", "9030277702", "Cj0forgotten"])
    expect([word, await tablesWith(database, word)]).toEqual([word, []]);
  const [lead] = await rows(
    database,
    `select lead_id like 'erased:%' as is_random, email_sha256, referrer_host, raw_stage, raw_status, raw_fields,
       to_char(created_at at time zone 'UTC', 'HH24:MI:SS') as hour
     from warehouse.lead where lead_id <> 'crm:7'`,
  );
  expect(lead).toEqual({
    is_random: true,
    email_sha256: null,
    referrer_host: null,
    raw_stage: null,
    raw_status: null,
    raw_fields: null,
    hour: "12:00:00",
  });
  expect(await rows(database, "select lead_id from warehouse.lead_raw_stage")).toEqual([
    { lead_id: "crm:7" },
  ]);
}, 180_000);
