import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { databaseOf } from "../../src/config/servers.ts";
import { connectionSettings, describeUrl } from "../../src/warehouse/connection/settings.ts";
import { checkDatabase, openDatabase } from "../../src/warehouse/database.ts";
import { folderWith, startCostper } from "../jobs/start-process.ts";
import { makeCertificates, openFolder, startOwnServer } from "../support/own-postgres.ts";
import { freePort } from "../support/redis-server.ts";

const hba = "local   all all              trust\nhostssl all all 127.0.0.1/32 trust\n";
const connectors = { linkedin: { accessToken: "s3cret" } };

const run = async (
  config: Readonly<Record<string, unknown>>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) => {
  const started = startCostper(await folderWith({ connectors, ...config }), args, env);
  return { status: await started.ended, said: started.said() };
};

test("a server that takes TLS only is said to, with what to write; its private authority too; and each remedy works", async () => {
  const certificates = await makeCertificates(await openFolder());
  const { port } = await startOwnServer({ hba, tls: certificates });
  const url = `postgres://app:s3cret@127.0.0.1:${String(port)}/costper`;

  const plain = await run({ database: url }, ["migrate"]);
  expect(plain.said).toContain("takes connections over TLS only");
  expect(plain.said).toContain("?sslmode=require");
  expect(plain.status).toBe(1);

  const unknown = await run({ database: `${url}?sslmode=require` }, ["migrate"]);
  expect(unknown.said).toContain("is signed by an authority that this machine does not know");
  expect(unknown.said).toContain("sslrootcert");
  expect(unknown.said).toContain("NODE_EXTRA_CA_CERTS");
  expect(unknown.said).not.toContain("s3cret");
  expect(unknown.status).toBe(1);

  const ways: readonly [Readonly<Record<string, unknown>>, Readonly<Record<string, string>>][] = [
    [{ database: { url, ca: certificates.ca } }, {}],
    [{ database: `${url}?sslmode=verify-full&sslrootcert=${certificates.ca}` }, {}],
    [{ database: `${url}?sslmode=require` }, { NODE_EXTRA_CA_CERTS: certificates.ca }],
    [{ database: `${url}?sslmode=no-verify` }, {}],
  ];
  for (const [config, env] of ways) {
    const { status, said } = await run(config, ["migrate", "--status"], env);
    expect(said).not.toMatch(/warning|deprecat/i);
    expect(`${JSON.stringify(config)} ${String(status)} ${said.includes("costper:") ? said : ""}`).toBe(
      `${JSON.stringify(config)} 0 `,
    );
  }

  const missing = await run({ database: { url, ca: "nowhere.crt" } }, ["migrate"]);
  expect(missing.said).toMatch(/database\.ca names .*nowhere\.crt, which cannot be read \(ENOENT\)/);
});

test("a refusal that TLS would not mend is not taken for one that it would", async () => {
  const { port } = await startOwnServer({
    hba: "local all all trust\nhost costper nobody 127.0.0.1/32 trust\n",
  });
  const url = `postgres://app@127.0.0.1:${String(port)}/costper`;
  const database = openDatabase(url);
  onTestFinished(() => database.close());
  await expect(checkDatabase(database, url)).rejects.toMatchObject({
    message: expect.stringContaining("refuses the user or this machine") as string,
  });
  const secure = openDatabase(`${url}?sslmode=require`);
  onTestFinished(() => secure.close());
  await expect(checkDatabase(secure, `${url}?sslmode=require`)).rejects.toMatchObject({
    message: expect.stringContaining("takes no TLS") as string,
  });
  const away = `postgres://app@127.0.0.1:${String(await freePort())}/costper`;
  const nobody = openDatabase(away);
  onTestFinished(() => nobody.close());
  await expect(checkDatabase(nobody, away)).rejects.toMatchObject({
    message: expect.stringContaining("no database answers at 127.0.0.1:") as string,
  });
});

test("the URL of a Cloud SQL socket is taken, and migrate and grant work on a server that listens there", async () => {
  const written = "postgres://app:secret@/costper?host=/cloudsql/project:region:instance";
  const config = parseConfig(
    `database: ${written}\nconnectors: { linkedin: { accessToken: t } }`,
    "/a/costper.yaml",
    {},
  );
  expect(connectionSettings(databaseOf(config) ?? { url: "" })).toEqual({
    host: "/cloudsql/project:region:instance",
    user: "app",
    password: "secret",
    database: "costper",
  });
  expect(describeUrl(written)).toBe("/cloudsql/project:region:instance/costper");

  const { port, socket } = await startOwnServer({ hba: "local all all trust\n" });
  const url = `postgres://app:secret@/costper?host=${socket}&port=${String(port)}`;
  const migrated = await run({ database: url }, ["migrate", "--json"]);
  expect(migrated.status).toBe(0);
  const granted = await run({ database: url }, ["grant", "analyst", "ann"]);
  expect(granted.status).toBe(0);
  expect(granted.said).toContain(`postgres://ann@/costper?host=`);
});
