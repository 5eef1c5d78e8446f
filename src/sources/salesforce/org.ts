import * as z from "zod";
import { requireFields } from "../crm/fields.ts";
import type { SalesforceClient } from "./client.ts";

const describeShape = z.object({
  fields: z.array(
    z.object({
      name: z.string(),
      picklistValues: z
        .array(
          z.object({ value: z.string(), label: z.string().nullish(), defaultValue: z.boolean().nullish() }),
        )
        .nullish(),
    }),
  ),
});

/** What the run-as user sees of an object. */
export interface SeenObject {
  readonly object: string;
  /** A field's name as the org writes it, which minds no case; undefined: there is none, or it is hidden. */
  readonly named: (name: string) => string | undefined;
  readonly picklist: (field: string) => readonly {
    readonly value: string;
    readonly label: string;
    readonly isDefault: boolean;
  }[];
}

export const describeObject = async (
  client: SalesforceClient,
  object: "Lead" | "Opportunity",
  signal: AbortSignal,
): Promise<SeenObject> => {
  const { fields } = await client.get(`/sobjects/${object}/describe`, describeShape, signal);
  const names = new Map(fields.map(({ name }) => [name.toLowerCase(), name]));
  return {
    object,
    named: (name) => names.get(name.toLowerCase()),
    picklist: (field) =>
      (fields.find(({ name }) => name === field)?.picklistValues ?? []).map(
        ({ value, label, defaultValue }) => ({
          value,
          label: label ?? value,
          isDefault: defaultValue === true,
        }),
      ),
  };
};

/** A field that is asked for, and the setting that wants it. */
export type WantedField = readonly [name: string, setting: string];

/** The fields of a query: those that stand, and of the others those that the run-as user sees; each once. */
export const queryFields = (
  seen: SeenObject,
  standing: readonly string[],
  others: readonly string[],
): readonly string[] => [...new Set([...standing, ...others.flatMap((name) => seen.named(name) ?? [])])];

/** One field that is not there refuses the whole query: it is told by its setting. @throws Failure `request` */
export const requireSeen = (seen: SeenObject, wanted: readonly WantedField[], source: string): void =>
  requireFields((name) => seen.named(name) !== undefined, wanted, {
    source,
    lack: `${seen.object} has no field that the run-as user may read named`,
    remedy: "use API names, and let the user read the fields (field-level security)",
  });

const orgShape = z.object({
  records: z.array(z.object({ Id: z.string(), TimeZoneSidKey: z.string().nullish() })),
});

/** The org behind the sign-in. */
export const orgOf = async (
  client: SalesforceClient,
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly timeZone: string | undefined }> => {
  const soql = "SELECT Id, TimeZoneSidKey FROM Organization";
  const { records } = await client.get(
    `/query?${new URLSearchParams({ q: soql }).toString()}`,
    orgShape,
    signal,
  );
  const [org] = records;
  return { id: org?.Id ?? "unknown", timeZone: org?.TimeZoneSidKey ?? undefined };
};
