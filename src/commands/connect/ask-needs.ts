import { ConfigError } from "../../config/problems.ts";
import type { OpenSection } from "../../config/section.ts";
import type { SourceProfile } from "../../connectors/platform.ts";
import type { Need } from "../../connectors/sign-in.ts";
import { Failure } from "../../domain/failure.ts";
import type { Asker } from "../ask.ts";

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
export const askNeeds = async (
  needs: readonly Need[],
  section: OpenSection<unknown>,
  source: Pick<SourceProfile, "name" | "label">,
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
