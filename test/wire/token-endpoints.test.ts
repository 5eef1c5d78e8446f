import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ga4Settings } from "../../src/connectors/ga4/settings.ts";
import { ga4Tokens } from "../../src/connectors/ga4/token.ts";
import { googleSettings } from "../../src/connectors/google/settings.ts";
import { googleTokens } from "../../src/connectors/google/token.ts";
import { usualPace } from "../../src/connectors/linkedin/pace.ts";
import { linkedinSettings } from "../../src/connectors/linkedin/settings.ts";
import { linkedinTokens } from "../../src/connectors/linkedin/token.ts";
import { createLimits } from "../../src/connectors/wire/limits.ts";
import type { AccessTokens } from "../../src/connectors/wire/tokens.ts";
import type { FailureKind } from "../../src/domain/failure.ts";
import { createRedactor } from "../../src/domain/secrets.ts";
import { failureOf, keepingLog, serve } from "./support.ts";

const now = () => new Date("2026-11-20T12:00:00Z");
const client = {
  clientId: "client-id",
  clientSecret: "client-s3cr3t",
  refreshToken: "refresh-t0ken",
};
const refusing = (platform: "google" | "linkedin") =>
  createLimits({ platform, platformConcurrency: 1, accountConcurrency: 1, maxWaitMs: 0, now });

const serviceAccount = async () => {
  const folder = await mkdtemp(join(tmpdir(), "costper-wire-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = {
    client_email: "bot@project.example",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
  await writeFile(join(folder, "key.json"), JSON.stringify(key));
  return join(folder, "key.json");
};

type Open = (url: string, log: ReturnType<typeof keepingLog>["log"]) => Promise<AccessTokens> | AccessTokens;

/** Every token endpoint that costper asks. */
const endpoints: Readonly<Record<string, Open>> = {
  google: (url, log) =>
    googleTokens(
      googleSettings.parse({ ...client, endpoints: { oauth: url } }),
      { log, now, limits: refusing("google") },
      createRedactor(),
    ),
  linkedin: (url, log) =>
    linkedinTokens(
      linkedinSettings.parse({ ...client, endpoints: { oauth: url } }),
      { log, now, limits: refusing("linkedin") },
      createRedactor(),
      { ...usualPace, firstDelayMs: 1 },
    ),
  "ga4 with a refresh token": (url, log) =>
    ga4Tokens(ga4Settings.parse({ properties: ["1"], ...client, endpoints: { oauth: url } }), {
      log,
      now,
      redactor: createRedactor(),
    }),
  "ga4 with a service account": async (url, log) =>
    ga4Tokens(
      ga4Settings.parse({
        properties: ["1"],
        serviceAccountFile: await serviceAccount(),
        endpoints: { oauth: url },
      }),
      { log, now, redactor: createRedactor() },
    ),
};

const page = "<html><body>refresh-t0ken is on this page</body></html>";
const oauth = (error: string) => JSON.stringify({ error, error_description: "about <sent>" });

type Row = [what: string, status: number, body: string, kind: FailureKind, headers?: Record<string, string>];

const table: Row[] = [
  ["a throttle", 429, "", "transient"],
  ["a throttle that says when", 429, page, "busy", { "retry-after": "120" }],
  ["a throttle with an error", 429, oauth("invalid_request"), "transient"],
  ["a server error", 500, page, "transient"],
  ["a server error with an error", 500, oauth("invalid_grant"), "transient"],
  ["a gateway's page", 502, page, "transient"],
  ["an endpoint that is down", 503, "", "transient"],
  ["a page with status 200", 200, page, "transient"],
  ["broken JSON", 200, '{"access_token":"half-a-tok', "transient"],
  ["an answer without a token", 200, '{"token_type":"Bearer"}', "transient"],
  ["an empty answer", 200, "", "transient"],
  ["a page of a firewall", 403, page, "transient"],
  ["an outage in OAuth's own words", 400, oauth("temporarily_unavailable"), "transient"],
  ["a redirect", 302, "", "transient"],
  ["a revoked grant", 400, oauth("invalid_grant"), "credentials"],
  ["a wrong client", 401, oauth("invalid_client"), "credentials"],
];

describe.each(Object.entries(endpoints))("%s", (_, openTokens) => {
  test.each(table)("takes %s (%i) for what it is", async (...[, status, body, kind, headers = {}]) => {
    const { log, logged } = keepingLog();
    // The endpoint repeats the secret that it was sent.
    let secret = "";
    const { url } = await serve((request, response) => {
      let form = "";
      request.on("data", (chunk: Buffer) => (form += chunk.toString()));
      request.on("end", () => {
        const sent = new URLSearchParams(form);
        secret = sent.get("client_secret") ?? sent.get("assertion") ?? "";
        response.writeHead(status, headers).end(body.replace("<sent>", secret));
      });
    });
    const tokens = await openTokens(url, log);
    const failure = await failureOf(tokens.current(new AbortController().signal));
    expect(failure.kind).toBe(kind);
    // A wait that is too long is told by the limits.
    if (kind !== "busy") expect(failure.status).toBe(status);
    expect(failure.remedy).not.toBe("");
    if (kind === "busy") expect(failure.retryAt).toEqual(new Date(now().getTime() + 120_000));
    const said = [failure.message, failure.stack, failure.remedy, String(failure.cause), ...logged].join(
      "\n",
    );
    expect(secret.length).toBeGreaterThan(10);
    for (const text of ["refresh-t0ken", secret, "half-a-tok", "<html>"]) expect(said).not.toContain(text);
  });

  test("hands out what is granted, to all who ask at once by one request", async () => {
    const { url, heard } = await serve((request, response) => {
      request.resume();
      response.end(JSON.stringify({ access_token: "granted-token", expires_in: 3_599 }));
    });
    const tokens = await openTokens(url, keepingLog().log);
    const { signal } = new AbortController();
    const grants = await Promise.all(Array.from({ length: 5 }, () => tokens.current(signal)));
    expect(new Set(grants.map(({ accessToken }) => accessToken))).toEqual(new Set(["granted-token"]));
    expect(heard).toHaveLength(1);
    expect(heard[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
  });

  test("lets go of a caller who is told to stop, while the endpoint keeps silent", async () => {
    const { url, heard } = await serve(() => undefined);
    const tokens = await openTokens(url, keepingLog().log);
    const stop = new AbortController();
    const waiting = failureOf(tokens.current(stop.signal));
    await expect.poll(() => heard.length).toBe(1);
    stop.abort();
    expect(await waiting).toMatchObject({ kind: "cancelled" });
  });
});
