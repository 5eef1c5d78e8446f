import { createServer } from "node:net";
import { join } from "node:path";
import { Argument, InvalidArgumentError } from "commander";
import dotenv from "dotenv";
import { ConfigError } from "../config/problems.ts";
import { changeEnvFile, checkWritable, withVariables } from "./env-file.ts";
import { type OpenSection, readSection } from "../config/section.ts";
import { ga4 } from "../connectors/ga4/source.ts";
import type { SourceProfile } from "../connectors/platform.ts";
import { namesAccount } from "../connectors/account-ids.ts";
import { isPlatform, profiles } from "../connectors/registry.ts";
import type { Need, Reached, SignedIn, SignIn, SignInContext } from "../connectors/sign-in.ts";
import { Failure } from "../domain/failure.ts";
import { createRedactor } from "../domain/secrets.ts";
import { type Asker, createAsker } from "./ask.ts";
import { offer } from "./completion/offer.ts";
import { openBrowser } from "./connect/browser.ts";
import { fromBrowser, fromPaste } from "./connect/come-back.ts";
import { listenForRedirect } from "./connect/loopback.ts";
import { type Newest, reachedAccounts } from "./connect/reached.ts";
import { examples, type Frame, type Register } from "./frame.ts";
import { parseWait } from "./parse-wait.ts";

interface ConnectOptions {
  readonly manual?: boolean;
  readonly port?: number;
  readonly browser: boolean;
  readonly wait: number;
}

type Source = SourceProfile & { readonly signIn: NonNullable<SourceProfile["signIn"]> };

/** What there is to sign in at. */
const sources = (): readonly Source[] =>
  [...profiles(), ga4 as SourceProfile].filter((profile): profile is Source => profile.signIn !== undefined);

const parsePort = (text: string): number => {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError("A port is a whole number from 1 to 65535.");
  return port;
};

const textOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "bigint" ? String(value) : "";

/** What a person has filled in so far, by key: the config's own value, or that of the variable meant for it. */
const valueOf = (section: OpenSection<unknown>, key: string): string => {
  const { variable, written } = section.origin(key);
  return textOf(section.values[key]) || (written === "value" ? "" : (section.env[variable] ?? ""));
};

/**
 * The settings that must be there before: asked for on a terminal.
 * @throws ConfigError elsewhere, naming each that is missing and where it is made.
 */
const complete = async (
  needs: readonly Need[],
  section: OpenSection<unknown>,
  source: Source,
  asker: Asker,
): Promise<{ readonly values: Readonly<Record<string, string>>; readonly asked: readonly string[] }> => {
  const values: Record<string, string> = {};
  for (const { key } of needs) values[key] = valueOf(section, key);
  const lacking = needs.filter(({ key, optional }) => values[key] === "" && !optional);
  if (lacking.length === 0) return { values, asked: [] };
  if (!asker.isTerminal)
    throw new ConfigError(
      section.file,
      lacking.map(({ key, where }) => ({
        path: `connectors.${source.name}.${key}`,
        message: `is missing: set ${section.origin(key).variable} in .env (${where})`,
      })),
    );
  const asked: string[] = [];
  for (const { key, where, secret, optional } of needs) {
    while (values[key] === "") {
      const prompt = `${source.label} ${key} (${where})${optional ? ", or nothing" : ""}: `;
      const line = await asker.line(prompt, { secret });
      if (line === undefined)
        throw new Failure({ kind: "request", message: "the input ended; nothing was written" });
      values[key] = line;
      if (line !== "") asked.push(key);
      if (optional) break;
    }
  }
  return { values, asked };
};

/** A port that is free at this moment, for an address that only a person will read. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

/** The consent page from its address to what came of it. */
const goThrough = async (
  frame: Frame,
  {
    source,
    signIn,
    settings,
    asker,
  }: {
    readonly source: Source;
    readonly signIn: SignIn<unknown>;
    readonly settings: unknown;
    readonly asker: Asker;
  },
  options: ConnectOptions,
  context: Omit<SignInContext, "redirectUri" | "manual">,
  say: (line: string) => void,
): Promise<SignedIn> => {
  const manual = options.manual ?? false;
  const loopback = manual ? undefined : await listenForRedirect(options.port ?? 0);
  if (loopback) frame.onEnd(() => loopback.close());
  const port = loopback?.port ?? options.port ?? (await freePort());
  const { redirect } = signIn;
  const redirectUri = `http://${redirect.host}:${String(port)}/`;
  if (redirect.exact && !(manual && redirect.outOfBand))
    say(
      `${source.label} sends the browser only to addresses that are registered: ${redirectUri} must be among them (${redirect.where}). --port keeps the number the same.`,
    );
  const consent = await signIn.begin(settings, { ...context, redirectUri, manual });
  say(manual ? "Open this page in a browser, and allow the access:" : "Allow the access on this page:");
  say(consent.address);
  const waiting = {
    platform: source.name,
    redirect,
    redirectUri,
    signal: frame.signal,
    waitMs: options.wait,
    say,
  };
  if (!loopback) return fromPaste(asker, consent, waiting);
  if (options.browser) openBrowser(consent.address, frame.env);
  const answer = await fromBrowser(loopback, consent, waiting);
  await loopback.close();
  return consent.finish(answer);
};

/** What is written, by variable: what was asked for and what the platform gave. */
const variablesOf = (
  section: OpenSection<unknown>,
  envText: string,
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const known = dotenv.parse(envText);
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const { variable } = section.origin(key);
      // An empty text takes an old value away; where there is none, there is nothing to take.
      return value === "" && !known[variable] ? [] : [[variable, value]];
    }),
  );
};

/** What stands between the written variables and their use. */
const hindrances = (
  section: OpenSection<unknown>,
  source: Source,
  frame: Frame,
  kept: Readonly<Record<string, string>>,
): readonly string[] => {
  const lines: string[] = [];
  const absent: string[] = [];
  for (const [key, value] of Object.entries(kept)) {
    const { variable, written } = section.origin(key);
    if (value === "") continue;
    if (written === "value")
      lines.push(
        `connectors.${source.name}.${key} holds a value itself: put \${${variable}} there, or the new one is not used.`,
      );
    else if (written === "none") absent.push(`    ${key}: \${${variable}}`);
    if (frame.env[variable] !== undefined && frame.env[variable] !== value)
      lines.push(`${variable} is set in the environment, which goes before .env: unset it there.`);
  }
  if (absent.length > 0)
    lines.push(
      [
        `Add to ${section.file}:`,
        ...(section.isConfigured ? [] : ["connectors:"]),
        `  ${source.name}:`,
        ...absent,
      ].join("\n"),
    );
  return lines;
};

/** What the config names and this sign-in does not reach. */
const unreached = (
  { named = "accounts" }: SignIn<unknown>,
  { name }: Source,
  settings: unknown,
  accounts: readonly Reached[],
): readonly string[] => {
  const wanted = (settings as Readonly<Record<string, unknown>>)[named];
  const lacking = (Array.isArray(wanted) ? wanted.map(String) : []).filter(
    (id) =>
      !accounts.some((account) =>
        isPlatform(name) ? namesAccount(name, id, account.id) : id === account.id,
      ),
  );
  return lacking.length === 0
    ? []
    : [`connectors.${name}.${named} names ${lacking.join(", ")}, which this sign-in does not reach.`];
};

const connect = async (frame: Frame, source: Source, options: ConnectOptions): Promise<void> => {
  const { globals, out, log, signal, cwd, env } = frame;
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const signIn = (await source.signIn()) as SignIn<unknown>;
  const section = await readSection(
    { cwd, env, ...(globals.config === undefined ? {} : { file: globals.config }) },
    source,
  );
  const envFile = join(section.folder, ".env");
  await checkWritable(envFile);
  const asker = createAsker(signal);
  frame.onEnd(async () => asker.close());

  const given = await complete(signIn.needs, section, source, asker);
  const filled = Object.fromEntries(Object.entries(given.values).filter(([, value]) => value !== ""));
  const standIns = Object.fromEntries(
    [...signIn.fills.map((key) => [key, "to-be-filled-in"]), ...Object.entries(signIn.standIns ?? {})].filter(
      ([key]) => section.values[key as string] === undefined,
    ),
  ) as Record<string, unknown>;
  const redactor = createRedactor(
    ...signIn.needs.filter(({ secret }) => secret).map(({ key }) => given.values[key]),
  );
  const context = { signal, log, redactor, now: () => new Date() };
  const settings = section.settings({ ...standIns, ...filled });
  const signedIn = await goThrough(frame, { source, signIn, settings, asker }, options, context, say);

  const kept = Object.fromEntries(Object.entries(signedIn.kept).filter(([, value]) => value !== ""));
  redactor.add(...Object.values(kept));
  const emptied = Object.keys(signedIn.kept).filter((key) => signedIn.kept[key] === "");
  const ready = section.settings({
    ...standIns,
    ...filled,
    ...kept,
    ...Object.fromEntries(emptied.map((key) => [key, undefined])),
  });
  const { accounts, newest } = await reachedAccounts(frame, source, signIn, ready, {
    ...context,
    redirectUri: "",
    manual: false,
  });
  if (accounts.length === 0)
    throw new Failure({
      kind: "credentials",
      platform: source.name,
      code: "no_account",
      message: "the sign-in worked, but reaches no ad account; nothing was kept",
      remedy: signIn.reachesNothing,
    });

  if (!globals.json) printAccounts(frame, accounts);
  const asked = Object.fromEntries(given.asked.map((key) => [key, given.values[key] ?? ""]));
  const final = withNewest(signedIn.kept, newest);
  let written: readonly string[] = [];
  await changeEnvFile(envFile, (text) => {
    const variables = variablesOf(section, text, { ...asked, ...final });
    written = Object.keys(variables);
    return withVariables(text, variables);
  });

  if (globals.json)
    out.json({
      platform: source.name,
      accounts: accounts.map(({ id, name, currency }) => ({ account_id: id, name, currency })),
      written,
      file: envFile,
      ends_at: signedIn.endsAt?.toISOString() ?? null,
      notes: signedIn.notes,
    });
  else out.text(`wrote ${written.join(" and ")} to ${envFile}`);
  [
    ...signedIn.notes,
    ...unreached(signIn, source, ready, accounts),
    ...hindrances(section, source, frame, final),
  ].forEach(say);
  say("Next: costper doctor");
};

/** A token that was renewed while the accounts were listed takes the place of the first: that one may be dead. */
const withNewest = (
  kept: Readonly<Record<string, string>>,
  newest: Newest | undefined,
): Readonly<Record<string, string>> =>
  newest?.refreshToken !== undefined && kept["refreshToken"]
    ? { ...kept, refreshToken: newest.refreshToken }
    : kept;

const printAccounts = ({ out }: Frame, accounts: readonly Reached[]): void => {
  const withCurrency = accounts.some(({ currency }) => currency !== "");
  out.table(
    ["account", "name", ...(withCurrency ? ["currency"] : [])].map((title) => ({ title })),
    accounts.map(({ id, name, currency }) => [id, name, ...(withCurrency ? [currency] : [])]),
  );
};

export const register: Register = (command, act) => {
  const names = () => sources().map(({ name }) => name);
  command
    .description(
      "Sign in at a platform and keep the token: opens its consent page, shows the ad accounts reached, writes the token into the .env beside the config.",
    )
    .addArgument(
      offer(
        new Argument("<platform>", names().join(", ")).argParser((text) => {
          if (!names().includes(text)) throw new InvalidArgumentError(`There are ${names().join(", ")}.`);
          return text;
        }),
        names(),
      ),
    )
    .option(
      "--manual",
      "the browser is on another machine: print the page's address, take the one it ended on",
    )
    .option("--port <port>", "listen on this port of 127.0.0.1 (default: a free one)", parsePort)
    .option("--no-browser", "print the address and open nothing")
    .option("--wait <duration>", "how long to wait for the browser (90s, 15m)", parseWait, parseWait("10m"))
    .addHelpText(
      "after",
      examples(
        ["costper connect google", "opens the consent page, and takes the token"],
        ["costper connect meta --port 8765", "at the address that the app has registered"],
        ["costper connect x --manual", "over SSH: paste what the browser shows"],
      ),
    )
    .action(
      act<ConnectOptions>(async (frame, options, name) => {
        const source = sources().find((each) => each.name === name);
        if (source) await connect(frame, source, options);
      }),
    );
};
