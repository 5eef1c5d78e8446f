import { Argument, InvalidArgumentError } from "commander";
import { readSection } from "../config/section.ts";
import { ga4 } from "../connectors/ga4/source.ts";
import type { SourceProfile } from "../connectors/platform.ts";
import { namesAccount } from "../connectors/account-ids.ts";
import { isPlatform, profiles } from "../connectors/registry.ts";
import type { Reached, SignIn } from "../connectors/sign-in.ts";
import { Failure } from "../domain/failure.ts";
import { createRedactor } from "../domain/secrets.ts";
import { createAsker } from "./ask.ts";
import { offer } from "./completion/offer.ts";
import { askNeeds } from "./connect/ask-needs.ts";
import { type ConnectOptions, goThrough } from "./connect/consent-page.ts";
import { openKeeper } from "./connect/keep.ts";
import { reachedAccounts } from "./connect/reached.ts";
import { examples, type Frame, type Register } from "./frame.ts";
import { parseWait } from "./parse-wait.ts";

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
  const asker = createAsker(signal);
  frame.onEnd(async () => asker.close());

  const given = await askNeeds(signIn.needs, section, source, asker);
  const filled = Object.fromEntries(Object.entries(given.values).filter(([, value]) => value !== ""));
  const standIns = Object.fromEntries(
    [...signIn.fills.map((key) => [key, "to-be-filled-in"]), ...Object.entries(signIn.standIns ?? {})].filter(
      ([key]) => section.values[key as string] === undefined,
    ),
  ) as Record<string, unknown>;
  const before =
    signIn.keptAs && section.values["refreshToken"] !== undefined ? section.settings(filled) : undefined;
  const keeper = await openKeeper(frame, source, signIn, section, before);
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
  const { written, told, hindrances } = await keeper.keep({ asked, given: signedIn.kept, newest });

  if (globals.json)
    out.json({
      platform: source.name,
      accounts: accounts.map(({ id, name, currency }) => ({ account_id: id, name, currency })),
      written,
      file: keeper.envFile,
      ends_at: signedIn.endsAt?.toISOString() ?? null,
      notes: signedIn.notes,
    });
  else out.text(told);
  [...signedIn.notes, ...unreached(signIn, source, ready, accounts), ...hindrances].forEach(say);
  say("Next: costper doctor");
};

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
