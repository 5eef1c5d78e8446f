import { expect, test } from "vitest";
import { answersOf, linkedinSettings, serveLinkedin } from "./platforms.ts";
import { costper, openCase } from "./world.ts";

const day = { from: "2026-10-05", to: "2026-10-05" };

const open = async (conversions: readonly string[]) => {
  const answers = await answersOf("renamed-action");
  answers["conversions"] = answers["conversions on Monday"] ?? [];
  const linkedin = {
    ...linkedinSettings(await serveLinkedin(answers)),
    accounts: ["507404995"],
    conversions,
  };
  return {
    answers,
    linkedin,
    ...(await openCase({ config: { connectors: { linkedin } }, now: "2026-10-06T12:00:00Z" })),
  };
};

test("a name that was matched once keeps meaning that action after it was renamed at the platform, and that is said", async () => {
  const { answers, linkedin, url, sync, mart, logged } = await open(["Demo request"]);
  await sync(day);
  expect(await mart()).toEqual(["2026-10-05 100 5 20.00"]);
  expect(logged.join("")).not.toContain("still counted");
  answers["conversions"] = answers["conversions on Tuesday"] ?? [];
  const { lines } = await sync(day);
  expect(lines).toEqual([]);
  expect(await mart()).toEqual(["2026-10-05 100 5 20.00"]);
  const said = "is now called Demo request (new form) (13703589): it is still counted";
  expect(logged.join("")).toContain(said);
  for (const command of ["status", "doctor"])
    expect(await costper({ database: url, connectors: { linkedin } }, command)).toContain(said);
});

test("a new action under the old name counts beside the renamed one", async () => {
  const { answers, sync, mart } = await open(["Demo request"]);
  await sync(day);
  answers["conversions"] = [
    ...(answers["conversions on Tuesday"] ?? []),
    ...(answers["conversions on Monday"] ?? []).map((rule) => ({ ...rule, id: 13703590 })),
  ];
  const [row] = answers["adAnalytics CAMPAIGN,CONVERSION"] ?? [];
  answers["adAnalytics CAMPAIGN,CONVERSION"] = ["13703589", "13703590"].map((id, index) => ({
    ...row,
    pivotValues: ["urn:li:sponsoredCampaign:252074217", `urn:lla:llaPartnerConversion:${id}`],
    externalWebsiteConversions: 3 - index,
  }));
  await sync(day);
  expect(await mart()).toEqual(["2026-10-05 100 5 20.00"]);
});

test("a name that no action bears is said by sync, status and doctor", async () => {
  const { linkedin, url, sync, logged } = await open(["Demo request", "Demo reqest"]);
  await sync(day);
  const said = '"Demo reqest" is no conversion action of any account';
  expect(logged.filter((line) => line.includes("conversion action of any account"))).toHaveLength(1);
  expect(logged.map((line) => (JSON.parse(line) as { msg: string }).msg).join("\n")).toContain(said);
  for (const command of ["status", "doctor"])
    expect(await costper({ database: url, connectors: { linkedin } }, command)).toContain(said);
});

test("an id that no listing has and figures bear counts, and nobody is told that it counts nothing", async () => {
  const { answers, linkedin, url, sync, mart, logged } = await open(["13703589", "13703599"]);
  answers["conversions"] = [];
  await sync(day);
  expect(await mart()).toEqual(["2026-10-05 100 5 20.00"]);
  const told = logged.filter((line) => line.includes("conversion action of any account"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("13703599");
  const status = await costper({ database: url, connectors: { linkedin } }, "status");
  expect(status).toContain('"13703599" is no conversion action of any account');
  expect(status).not.toContain('"13703589"');
});
