import type { Logger } from "pino";
import type { Entity } from "../../domain/facts.ts";
import { asFailure } from "../../domain/failure.ts";
import type { Pull } from "../connector.ts";
import type { GoogleClient } from "./client.ts";
import { idOf, textOf } from "./normalize.ts";
import { conversionActionsQuery, customerQuery } from "./queries.ts";

type ConversionAction = Extract<Entity, { kind: "conversion_action" }>;

/** The conversion actions of an account and of the manager that tracks conversions for it. */
export interface ActionCatalogue {
  readonly entities: readonly ConversionAction[];
  /** Ids of those that Google counts in its own column of conversions. */
  readonly primary: ReadonlySet<string>;
}

interface ActionRow {
  readonly conversionAction?: Readonly<Record<string, unknown>>;
  readonly customer?: {
    readonly autoTaggingEnabled?: unknown;
    readonly conversionTrackingSetting?: { readonly googleAdsConversionCustomer?: unknown };
  };
}

const windowDays = (value: unknown): number | undefined => {
  const days = Number(value);
  return value !== undefined && value !== null && Number.isInteger(days) && days >= 0 ? days : undefined;
};

const actionEntity = ({ conversionAction: action = {} }: ActionRow): ConversionAction => {
  const clickWindowDays = windowDays(action["clickThroughLookbackWindowDays"]);
  const viewWindowDays = windowDays(action["viewThroughLookbackWindowDays"]);
  return {
    kind: "conversion_action",
    id: idOf(action["id"], "conversion_action.id"),
    name: textOf(action["name"]),
    status: textOf(action["status"], "UNKNOWN"),
    category: textOf(action["category"]),
    origin: textOf(action["origin"]),
    primary: action["includeInConversionsMetric"] === true,
    ...(clickWindowDays === undefined ? {} : { clickWindowDays }),
    ...(viewWindowDays === undefined ? {} : { viewWindowDays }),
  };
};

/** Names of actions that rows carry, by id. */
export type SeenActions = Map<string, Extract<Entity, { kind: "conversion_action" }>>;

/** Actions that no list has (a manager's that may not be read) keep the name that the report gives them. */
export const seeActions = (seen: SeenActions, rows: readonly unknown[]): void => {
  for (const { segments, metrics } of rows as readonly SeenRow[]) {
    const id = /\/conversionActions\/(\d+)$/.exec(String(segments?.conversionAction ?? ""))?.[1];
    if (id === undefined) continue;
    const before = seen.get(id);
    const primary = before?.primary === true || Number(metrics?.conversions ?? 0) > 0;
    if (before?.primary === primary) continue;
    seen.set(id, {
      kind: "conversion_action",
      id,
      name: textOf(segments?.conversionActionName),
      status: "UNKNOWN",
      category: textOf(segments?.conversionActionCategory),
      origin: "",
      primary,
    });
  }
};

interface SeenRow {
  readonly segments?: {
    readonly conversionAction?: unknown;
    readonly conversionActionName?: unknown;
    readonly conversionActionCategory?: unknown;
  };
  readonly metrics?: { readonly conversions?: unknown };
}

const isTolerable = (error: unknown): boolean =>
  ["account", "request", "data"].includes(asFailure(error).kind);

/** Reads conversion actions; the streams of one slice share one reading, known by the Pull they all carry. */
export const createActionReader = (client: GoogleClient, log: Logger) => {
  const untagged = new Set<string>();
  const readings = new WeakMap<Pull, Promise<ActionCatalogue>>();

  const collect = async (
    pull: Pull,
    name: string,
    gaql: string,
    customerId: string,
  ): Promise<ActionRow[]> => {
    const rows: ActionRow[] = [];
    const { account, signal } = pull;
    const query = { name, gaql, customerId, loginCustomerId: account.via, signal, whole: true };
    for await (const batch of client.rows(query)) rows.push(...(batch as ActionRow[]));
    return rows;
  };

  /** The manager whose conversion actions count for the account, where it is another. */
  const trackingManager = async (pull: Pull): Promise<string | undefined> => {
    const [row] = await collect(pull, "account", customerQuery, pull.account.id);
    if (row?.customer?.autoTaggingEnabled === false && !untagged.has(pull.account.id)) {
      untagged.add(pull.account.id);
      log.warn(
        { account: pull.account.id },
        "auto-tagging is off: clicks carry no gclid, so sites cannot tell paid visits by it",
      );
    }
    const name = row?.customer?.conversionTrackingSetting?.googleAdsConversionCustomer;
    const owner = typeof name === "string" ? /^customers\/(\d+)$/.exec(name)?.[1] : undefined;
    return owner === undefined || owner === "0" || owner === pull.account.id ? undefined : owner;
  };

  const readManager = async (pull: Pull): Promise<ActionRow[]> => {
    const manager = await trackingManager(pull);
    if (manager === undefined) return [];
    try {
      return await collect(pull, "conversion actions", conversionActionsQuery, manager);
    } catch (error) {
      if (!isTolerable(error)) throw error;
      const { code, requestId } = asFailure(error);
      log.warn(
        { account: pull.account.id, manager, code, requestId },
        "conversion actions of the tracking manager cannot be read; theirs keep the names that reports give them",
      );
      return [];
    }
  };

  const read = async (pull: Pull): Promise<ActionCatalogue> => {
    const own = await collect(pull, "conversion actions", conversionActionsQuery, pull.account.id);
    const entities = new Map<string, ConversionAction>();
    for (const row of [...own, ...(await readManager(pull))]) {
      const entity = actionEntity(row);
      if (!entities.has(entity.id)) entities.set(entity.id, entity);
    }
    return {
      entities: [...entities.values()],
      primary: new Set([...entities.values()].filter(({ primary }) => primary).map(({ id }) => id)),
    };
  };

  return (pull: Pull): Promise<ActionCatalogue> => {
    const before = readings.get(pull);
    if (before) return before;
    const reading = read(pull);
    readings.set(pull, reading);
    // A failed reading is not kept: the stream is asked again.
    reading.catch(() => readings.delete(pull));
    return reading;
  };
};
