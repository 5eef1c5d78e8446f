import * as z from "zod";
import { file } from "./file/type.ts";
import { https } from "./https/type.ts";
import { hubspot } from "./hubspot/type.ts";
import { liveagent } from "./liveagent/type.ts";
import { salesforce } from "./salesforce/type.ts";
import type { SourceSettings } from "./settings.ts";
import type { OpenSource, Source, SourceContext, SourceType } from "./source.ts";
import { sql } from "./sql/type.ts";
import { zendesk } from "./zendesk/type.ts";

type Load<Settings> = () => Promise<{ readonly default: OpenSource<Settings> }>;

interface Entry {
  readonly type: SourceType;
  readonly load: Load<SourceSettings>;
}

const entries = new Map<string, Entry>();

const register = <Settings extends SourceSettings>(
  type: SourceType<Settings>,
  load: Load<Settings>,
): void => {
  // The type's own schema makes the settings that its own source is opened with; nobody else looks into them.
  entries.set(type.name, { type, load } as unknown as Entry);
};

register(hubspot, () => import("./hubspot/open.ts"));
register(salesforce, () => import("./salesforce/open.ts"));
register(liveagent, () => import("./liveagent/open.ts"));
register(zendesk, () => import("./zendesk/open.ts"));
register(sql, () => import("./sql/open.ts"));
register(https, () => import("./https/open.ts"));
register(file, () => import("./file/open.ts"));

export const sourceTypes = (): readonly SourceType[] => [...entries.values()].map(({ type }) => type);

/** The sources that a config names, by their names. */
export type SourcesSettings = Readonly<Record<string, SourceSettings>>;

const namePattern = /^[a-z][a-z0-9_-]*$/;

/** `sources` of costper.yaml. */
export const sourcesSection = () =>
  z
    .record(
      z
        .string()
        .max(60)
        .regex(namePattern, "must be lower-case letters, digits, - and _, beginning with a letter"),
      z.discriminatedUnion(
        "type",
        sourceTypes().map(({ settings }) => settings) as unknown as [
          z.ZodObject<{ type: z.ZodLiteral<string> }>,
        ],
        { error: `must be one of ${[...entries.keys()].join(", ")}` },
      ) as unknown as z.ZodType<SourceSettings>,
    )
    .default({});

/** What keys of a source say together that cannot be, with their paths. */
export const sourceProblems = (sources: unknown): readonly { path: string; message: string }[] => {
  if (typeof sources !== "object" || sources === null) return [];
  return Object.entries(sources).flatMap(([name, written]: [string, unknown]) => {
    if (typeof written !== "object" || written === null) return [];
    const values = written as Readonly<Record<string, unknown>>;
    const type = typeof values["type"] === "string" ? entries.get(values["type"])?.type : undefined;
    return (type?.problems?.(values) ?? []).map(({ key, message }) => ({
      path: `sources.${name}.${key}`,
      message,
    }));
  });
};

/** The names of the settings that no log line and no error may show. */
export const sourceSecrets = (): readonly string[] => [
  ...new Set(sourceTypes().flatMap(({ secrets }) => secrets)),
];

export const openSource = async (settings: SourceSettings, context: SourceContext): Promise<Source> => {
  const entry = entries.get(settings.type);
  if (entry === undefined) throw new RangeError(`there is no source of type ${settings.type}`);
  return (await entry.load()).default(settings, context);
};
