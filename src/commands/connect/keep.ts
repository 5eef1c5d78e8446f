import { join } from "node:path";
import dotenv from "dotenv";
import type { OpenSection } from "../../config/section.ts";
import { databaseCredentials } from "../credentials.ts";
import { changeEnvFile, checkWritable, withVariables } from "../env-file.ts";
import type { Frame } from "../frame.ts";
import type { SourceProfile } from "../../connectors/platform.ts";
import type { SignIn } from "../../connectors/sign-in.ts";
import type { Newest } from "./reached.ts";

/** What is to be kept of one sign-in. */
export interface ToKeep {
  /** What a person typed in, by key of the section. */
  readonly asked: Readonly<Record<string, string>>;
  /** What the platform gave; an empty text takes the place of a value that no longer holds. */
  readonly given: Readonly<Record<string, string>>;
  /** The grant that is in use since, where the platform replaces tokens. */
  readonly newest: Newest | undefined;
}

/** Where it went. */
export interface Kept {
  /** Variables of `.env`. */
  readonly written: readonly string[];
  /** In words, for a person. */
  readonly told: string;
  /** What still stands between it and its use. */
  readonly hindrances: readonly string[];
}

/** A place for what a sign-in brings, known to be open before anybody signs in. */
export interface Keeper {
  readonly envFile: string;
  keep(what: ToKeep): Promise<Kept>;
}

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
  source: SourceProfile,
  frame: Pick<Frame, "env">,
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

/** A token that was renewed while the accounts were listed takes the place of the first: that one may be dead. */
const withNewest = (
  given: Readonly<Record<string, string>>,
  newest: Newest | undefined,
): Readonly<Record<string, string>> =>
  newest?.refreshToken !== undefined && given["refreshToken"]
    ? { ...given, refreshToken: newest.refreshToken }
    : given;

const inEnvFile = (
  frame: Frame,
  source: SourceProfile,
  section: OpenSection<unknown>,
  envFile: string,
): Keeper => ({
  envFile,
  async keep({ asked, given, newest }) {
    const final = withNewest(given, newest);
    let written: readonly string[] = [];
    await changeEnvFile(envFile, (text) => {
      const variables = variablesOf(section, text, { ...asked, ...final });
      written = Object.keys(variables);
      return withVariables(text, variables);
    });
    return {
      written,
      told: `wrote ${written.join(" and ")} to ${envFile}`,
      hindrances: hindrances(section, source, frame, final),
    };
  },
});

/**
 * Where the token goes: into `.env`, or, where the tokens that a platform replaces are kept in the database, there: every
 * process on every host then has the new one, and no file is changed.
 * @param before the settings with the credential of before; undefined where there is none yet
 * @throws Failure where the place cannot be written
 */
export const openKeeper = async (
  frame: Frame,
  source: SourceProfile,
  signIn: SignIn<unknown>,
  section: OpenSection<unknown>,
  before: unknown,
): Promise<Keeper> => {
  const envFile = join(section.folder, ".env");
  const file = inEnvFile(frame, source, section, envFile);
  const key = before === undefined ? undefined : signIn.keptAs?.(before);
  const store = key === undefined ? undefined : await databaseCredentials(frame);
  if (key === undefined || store === undefined) {
    await checkWritable(envFile);
    return file;
  }
  return {
    envFile,
    async keep(what) {
      // Without a refresh token there is nothing to renew: it stays a setting, like the first one.
      if (what.newest === undefined || !what.given["refreshToken"]) return file.keep(what);
      const { grant, expiresAt } = what.newest;
      await store.alone(key, () => store.write(key, grant, expiresAt));
      const { written } =
        Object.keys(what.asked).length === 0
          ? { written: [] }
          : await file.keep({ asked: what.asked, given: {}, newest: undefined });
      return {
        written,
        told: `kept the token in the database, encrypted (ops.credential); .env is ${written.length === 0 ? "as it was" : `written: ${written.join(" and ")}`}`,
        hindrances: [],
      };
    },
  };
};
